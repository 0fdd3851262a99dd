"""From finished jobs to the lineage's next state, and what the server learns of its clients."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from learner.spec import LocalJob, RoundUpdates, TuningConfig, Update

from .client_job import Bill
from .lineage import Lineage
from .plan import WAIT
from .simulation import World


def aggregate(world: World, lineage: Lineage, reports: Sequence[Bill]) -> RoundUpdates:
    """Advance the lineage by one aggregation of these jobs, whatever order they came in."""
    bills = sorted(reports, key=_place)
    staleness = world.scenario.rounds.staleness
    for bill in bills:
        bill.staleness = lineage.round - bill.version
    is_fresh = not any(bill.staleness for bill in bills)
    discounts = () if is_fresh else [staleness.factor(bill.staleness) for bill in bills]
    updates = RoundUpdates(
        base=lineage.state,
        config=lineage.config,
        shards=[bill.client.shard for bill in bills],
        n_batches=[bill.client.n_batches for bill in bills],
        batch_size=world.scenario.training.batch_size,
        make=partial(_update, world, lineage.config, bills, discounts),
        bases=() if is_fresh else [bill.base for bill in bills],
        discounts=discounts,
    )
    lineage.state = world.learner.aggregate(lineage.state, updates, world.scenario.aggregation)
    lineage.round += 1
    return updates


def note(world: World, lineage: Lineage, reports: Sequence[Bill], updates: RoundUpdates) -> None:
    """Let the history know whose updates were used and, where the policy asks, their losses."""
    policy, history = world.scenario.selection, lineage.history
    if not policy.needs_history:
        return
    ids = [bill.client.shard.client_id for bill in reports]
    seconds = [sum(bill.seconds[: WAIT + 1]) for bill in reports]
    history.note_updates(lineage.round, ids, seconds)
    if policy.needs_feedback:
        told = world.learner.feedback(updates)
        own = [shard.client_id for shard in updates.shards]
        history.note_feedback(own, told, world.census.n_samples())


def _place(bill: Bill) -> tuple[int, int, int]:
    return bill.client.shard.client_id, bill.version, bill.repeat


def _update(
    world: World, config: TuningConfig, bills: Sequence[Bill], discounts: Sequence[float], i: int
) -> Update:
    training, bill = world.scenario.training, bills[i]
    client, factor = bill.client, training.lr_schedule.factor(bill.version)
    about = (client.shard.client_id, bill.version)
    job = LocalJob(
        shard=client.shard,
        config=config,
        n_batches=client.n_batches,
        batch_size=training.batch_size,
        optimizer=training.optimizer,
        lr=training.lr * factor,
        head_lr=training.head_lr * factor,
        seed=world.streams.key("job", *about, *((bill.repeat,) if bill.repeat else ())),
        momentum=training.momentum,
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        prox_mu=training.prox_mu,
        lr_decay=training.lr_schedule.decay_in_job,
        down_bits=world.scenario.exchange.down_bits,
        up_bits=world.scenario.exchange.up_bits,
    )
    return Update(
        job=job,
        base=bill.base,
        weight=float(client.shard.n_samples),
        discount=discounts[i] if discounts else 1.0,
    )
