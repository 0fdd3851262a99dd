"""One synchronous round: a cohort downloads, trains and uploads; the server aggregates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from simpy import Interrupt

from learner.spec import LocalJob, RoundUpdates, StateRef, TuningConfig, Update

from .accounts import record_round
from .barrier import Barrier
from .bill import Bill
from .client import Client
from .lineage import Lineage
from .luck import dropout_points, work_factors
from .participation import Process, begin, cancel
from .plan import WAIT
from .records import RoundStatus
from .roll import Call, Roll
from .world import World


def run_round(world: World, lineage: Lineage, call: Call) -> Process:
    """Advance the lineage by one aggregation; returns how the round ended.

    It ends with the updates it wants, the last answer or its deadline; what is then under way is
    cancelled and charged. Interrupted (cut) or with too few reports (failed), the lineage stays as
    it was and no update of the round is ever trained.
    """
    env, start_s, base = world.env, world.env.now, lineage.state
    rules, server = world.scenario.rounds, world.scenario.fleet.server
    roll = Roll(env, n_asked=len(call.cohort), n_wanted=call.n_wanted)
    if rules.deadline_s is not None:
        Barrier(env, rules.deadline_s).callbacks.append(lambda _: roll.close())
    bills = _dispatch(world, lineage, call, roll)
    status: RoundStatus = "done"
    try:
        yield roll.closed
        _dismiss(world, bills)
        if server.aggregation_s:
            yield env.timeout(server.aggregation_s)
    except Interrupt:
        status = "cut"
        _dismiss(world, bills)
    if status == "done" and len(roll.reports) < rules.min_reports:
        status = "failed"
    updates = _aggregate(world, lineage, roll.reports) if status == "done" else None
    _conclude(bills, status, env.now)
    if updates is not None:
        note(world, lineage, roll.reports, updates)
    record_round(world, lineage, call, bills, start_s, base, status)
    return status


def _dispatch(world: World, lineage: Lineage, call: Call, roll: Roll) -> list[Bill]:
    """Send every client to work, in id order."""
    ids, env, fleet = call.cohort, world.env, world.scenario.fleet
    order = world.order(lineage.config)
    about = (lineage.round, call.attempt, ids)
    factors = work_factors(world.streams, fleet.jitter, *about)
    drops = dropout_points(world.streams, fleet.p_dropout, *about)
    bills = []
    for client_id, factor, drop_at in zip(ids, factors, drops, strict=True):
        bill = Bill(world.clients[client_id], env.now, factor, drop_at)
        begin(world.ground, order, bill, roll.answer)
        bills.append(bill)
    return bills


def _dismiss(world: World, bills: Sequence[Bill]) -> None:
    """Cancel whatever is still under way."""
    for bill in bills:
        if bill.outcome == "open":
            cancel(world.ground, bill)


def _conclude(bills: Sequence[Bill], status: RoundStatus, now_s: float) -> None:
    """Every job ends in exactly one state, every second on its bill."""
    for bill in bills:
        if bill.outcome == "open":
            bill.outcome = "cut" if status == "cut" else "late"
        elif bill.outcome == "done" and status != "done":
            bill.outcome = "cut"
        bill.close(now_s)


def _aggregate(world: World, lineage: Lineage, reports: Sequence[Bill]) -> RoundUpdates:
    clients = sorted([bill.client for bill in reports], key=_client_id)
    updates = RoundUpdates(
        base=lineage.state,
        config=lineage.config,
        shards=[client.shard for client in clients],
        n_batches=[client.n_batches for client in clients],
        batch_size=world.scenario.training.batch_size,
        make=partial(_update, world, lineage.config, lineage.state, lineage.round, clients),
    )
    lineage.state = world.learner.aggregate(lineage.state, updates, world.scenario.aggregation)
    lineage.round += 1
    return updates


def note(
    world: World, lineage: Lineage, reports: Sequence[Bill], updates: Sequence[Update]
) -> None:
    """Let the history know whose updates were used and, where the policy asks, their losses."""
    policy, history = world.scenario.selection, lineage.history
    if not policy.needs_history:
        return
    ids = [bill.client.shard.client_id for bill in reports]
    seconds = [sum(bill.seconds[: WAIT + 1]) for bill in reports]
    history.note_updates(lineage.round, ids, seconds)
    if policy.needs_feedback:
        told = world.learner.feedback(updates)
        history.note_feedback(sorted(ids), told, world.census.n_samples())


def _client_id(client: Client) -> int:
    return client.shard.client_id


def _update(
    world: World,
    config: TuningConfig,
    base: StateRef,
    lineage_round: int,
    clients: Sequence[Client],
    i: int,
) -> Update:
    training, client = world.scenario.training, clients[i]
    factor = training.lr_schedule.factor(lineage_round)
    job = LocalJob(
        shard=client.shard,
        config=config,
        n_batches=client.n_batches,
        batch_size=training.batch_size,
        optimizer=training.optimizer,
        lr=training.lr * factor,
        head_lr=training.head_lr * factor,
        seed=world.streams.key("job", client.shard.client_id, lineage_round),
        momentum=training.momentum,
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        prox_mu=training.prox_mu,
        lr_decay=training.lr_schedule.decay_in_job,
        down_bits=world.scenario.exchange.down_bits,
        up_bits=world.scenario.exchange.up_bits,
    )
    return Update(job=job, base=base, weight=float(client.shard.n_samples))
