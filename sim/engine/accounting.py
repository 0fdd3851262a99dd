"""From the bills of a round to its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from learner.spec import StateRef
from sim.cost.table import CostModel
from sim.records import ClientRow, RoundRow, RoundStatus

from .client_job import Bill
from .collector import Call
from .lineage import Lineage
from .plan import COMPUTE, DOWN, GONE, IDLE, UP, WAIT
from .simulation import World


def record_round(
    world: World,
    lineage: Lineage,
    call: Call,
    bills: Sequence[Bill],
    start_s: float,
    base: StateRef,
    status: RoundStatus,
) -> None:
    """Write the round's row, after its clients' rows where they are wanted; check and total it."""
    row = _round_row(world, lineage, call, bills, start_s, base, status)
    if world.scenario.log != "rounds":
        told = (_client_fields(world.ground.cost, row, bill) for bill in bills)
        world.log.events.add_fields(ClientRow, told)
    order = world.order(lineage.config)
    world.audit.see_round(row, bills, (order.down_bytes, order.up_bytes))
    world.totals.add(row)
    call.totals.add(row)
    world.log.events.add(row)
    world.watch(row)


def _round_row(
    world: World,
    lineage: Lineage,
    call: Call,
    bills: Sequence[Bill],
    start_s: float,
    base: StateRef,
    status: RoundStatus,
) -> RoundRow:
    cost = world.ground.cost
    seconds = [sum(spent) for spent in zip(*(bill.seconds for bill in bills), strict=True)]
    losses = [_loss(cost, bill) for bill in bills if bill.outcome != "done" or bill.wasted]
    return RoundRow(
        t_s=world.env.now,
        start_s=start_s,
        trial=call.trial,
        branch=call.branch,
        round=lineage.round,
        attempt=call.attempt,
        config=lineage.config,
        clients=tuple([bill.client.shard.client_id for bill in bills]),
        reports=tuple([bill.client.shard.client_id for bill in bills if bill.outcome == "done"]),
        ages=_ages(bills),
        base=base,
        state=lineage.state,
        down_bytes=sum([round(bill.amounts[DOWN]) for bill in bills]),
        up_bytes=sum([round(bill.amounts[UP]) for bill in bills]),
        wait_s=seconds[WAIT],
        down_s=seconds[DOWN],
        compute_s=seconds[COMPUTE],
        up_s=seconds[UP],
        idle_s=seconds[IDLE],
        gone_s=seconds[GONE],
        energy_j=sum([_energy_j(cost, bill, bill.seconds) for bill in bills]),
        lost_s=sum(loss[0] for loss in losses),
        lost_bytes=sum(loss[1] for loss in losses),
        lost_j=sum(loss[2] for loss in losses),
        status=status,
    )


def _ages(bills: Sequence[Bill]) -> tuple[int, ...]:
    """Of each report; empty where none missed anything."""
    own = tuple([bill.staleness for bill in bills if bill.outcome == "done"])
    return own if any(own) else ()


def _client_fields(cost: CostModel, row: RoundRow, bill: Bill) -> dict[str, Any]:
    """A bill as the fields of a ClientRow."""
    client, seconds, amounts = bill.client, bill.seconds, bill.amounts
    lost_s, lost_bytes, lost_j = _loss(cost, bill)
    return {
        "t_s": row.t_s,
        "start_s": bill.start_s,
        "client": client.shard.client_id,
        "trial": row.trial,
        "branch": row.branch,
        "round": row.round,
        "outcome": bill.outcome,
        "staleness": bill.staleness,
        "cache": bill.cache,
        "wait_s": seconds[WAIT],
        "down_s": seconds[DOWN],
        "compute_s": seconds[COMPUTE],
        "up_s": seconds[UP],
        "idle_s": seconds[IDLE],
        "gone_s": seconds[GONE],
        "down_bytes": round(amounts[DOWN]),
        "up_bytes": round(amounts[UP]),
        "energy_j": _energy_j(cost, bill, seconds),
        "lost_s": lost_s,
        "lost_bytes": lost_bytes,
        "lost_j": lost_j,
        "cache_bytes": client.cache_bytes if client.cached_depth is not None else 0,
    }


def _loss(cost: CostModel, bill: Bill) -> tuple[float, int, float]:
    """Seconds, bytes and joules that nothing came of: all of an unused job, else the repeats."""
    if bill.outcome != "done":
        seconds, amounts = bill.seconds, bill.amounts
    elif bill.wasted is not None:
        seconds, amounts = bill.wasted
    else:
        return 0.0, 0, 0.0
    lost_s = seconds[DOWN] + seconds[COMPUTE] + seconds[UP]
    lost_bytes = round(amounts[DOWN]) + round(amounts[UP])
    return lost_s, lost_bytes, _energy_j(cost, bill, seconds)


def _energy_j(cost: CostModel, bill: Bill, seconds: Sequence[float]) -> float:
    profile = bill.client.device.profile
    return cost.energy_j(profile, seconds[COMPUTE], seconds[DOWN] + seconds[UP])
