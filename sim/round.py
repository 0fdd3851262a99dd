"""One synchronous round: a cohort downloads, trains and uploads; the server aggregates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from simpy import Interrupt

from learner.spec import LocalJob, StateRef, TuningConfig, Update

from .client import Bill, Client, Process, participate
from .records import RoundRow
from .world import World


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of a lineage: the state that stood after `round` aggregations at `t_s`."""

    t_s: float
    round: int
    config: TuningConfig
    state: StateRef


@dataclass(slots=True)
class Lineage:
    """A model's history: where it stands, and the points that the figures want."""

    config: TuningConfig
    state: StateRef
    round: int = 0
    points: list[Point] = field(default_factory=list)

    def mark(self, t_s: float) -> None:
        """Want a point here, once."""
        if not self.points or self.points[-1].round != self.round:
            self.points.append(Point(t_s, self.round, self.config, self.state))


def run_round(
    world: World, lineage: Lineage, cohort: Sequence[int], trial_no: int, branch: str
) -> Process:
    """Advance the lineage by one aggregation; returns whether it did.

    Interrupted: all in-flight work is cancelled and charged, the lineage stays as it was.
    """
    env, start_s, base = world.env, world.env.now, lineage.state
    processes = [
        env.process(participate(world.ground, world.clients[client_id], lineage.config))
        for client_id in sorted(cohort)
    ]
    everyone, is_cut = env.all_of(processes), False
    try:
        yield everyone
    except Interrupt:
        is_cut = True
        for process in processes:
            if process.is_alive:
                process.interrupt()
        yield everyone
    bills = [cast(Bill, process.value) for process in processes]
    if not is_cut:
        updates = [_update(world, lineage, world.clients[bill.client_id]) for bill in bills]
        lineage.state = world.learner.aggregate(base, updates, world.scenario.aggregation)
        lineage.round += 1
    _record(world, lineage, bills, start_s, base, trial_no, branch, is_cut)
    return not is_cut


def _update(world: World, lineage: Lineage, client: Client) -> Update:
    training = world.scenario.training
    job = LocalJob(
        shard=client.shard,
        config=lineage.config,
        n_batches=client.n_batches,
        batch_size=training.batch_size,
        optimizer=training.optimizer,
        lr=training.lr,
        head_lr=training.head_lr,
        seed=world.streams.key("job", client.shard.client_id, lineage.round),
    )
    return Update(job=job, base=lineage.state, weight=float(client.shard.n_samples))


def _record(
    world: World,
    lineage: Lineage,
    bills: Sequence[Bill],
    start_s: float,
    base: StateRef,
    trial_no: int,
    branch: str,
    is_cut: bool,
) -> None:
    row = RoundRow(
        t_s=world.env.now,
        start_s=start_s,
        trial=trial_no,
        branch=branch,
        round=lineage.round,
        config=lineage.config,
        clients=tuple(bill.client_id for bill in bills),
        base=base,
        state=lineage.state,
        down_bytes=sum(bill.down_bytes for bill in bills),
        up_bytes=sum(bill.up_bytes for bill in bills),
        down_s=sum(bill.down_s for bill in bills),
        compute_s=sum(bill.compute_s for bill in bills),
        up_s=sum(bill.up_s for bill in bills),
        energy_j=sum(_energy_j(world, bill) for bill in bills),
        status="cut" if is_cut else "done",
    )
    world.totals.add(row)
    world.log.events.add(row)
    world.watch(row)


def _energy_j(world: World, bill: Bill) -> float:
    device = world.clients[bill.client_id].device
    return world.ground.cost.energy_j(device, bill.compute_s, bill.down_s + bill.up_s)
