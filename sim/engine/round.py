"""One synchronous round: a cohort downloads, trains and uploads; the server aggregates."""

from __future__ import annotations

from collections.abc import Sequence

from simpy import Interrupt

from sim.records import RoundStatus

from .accounting import record_round
from .aggregation import aggregate, note
from .client_job import Bill
from .collector import Call, Roll
from .disturbances import dropout_points, work_factors
from .lineage import Lineage
from .participation import Process, begin_together, cancel
from .simulation import World
from .timing import Barrier


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
    if status == "done" and len(roll.reports) < rules.n_needed(call.n_wanted):
        status = "failed"
    updates = aggregate(world, lineage, roll.reports) if status == "done" else None
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
    bills = [
        Bill(world.clients[client_id], env.now, lineage, work_factor=factor, drop_at=drop_at)
        for client_id, factor, drop_at in zip(ids, factors, drops, strict=True)
    ]
    begin_together(world.ground, world.lines, order, bills, roll.answer)
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
