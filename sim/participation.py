"""A client's part in a round: download, compute, upload, through all that breaks them off."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from simpy import Environment, Event, Interrupt, Timeout

from learner.spec import AddOn, TuningConfig
from traces.step import NeverFinishes

from .bill import COMPUTE, DOWN, GONE, IDLE, UP, WAIT, Bill
from .cost import CacheState, CostModel
from .device import Device
from .link import OneWay
from .records import AttemptStatus, ComputeRow, DropoutRow, TransferRow
from .roll import Roll
from .runlog import RowFile
from .scenario_fleet import WhenOffline
from .shared_link import Flow

Process = Generator[Event, Any, Any]
_STAGE_NAMES: tuple[Literal["down", "compute", "up"], ...] = ("down", "compute", "up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all clients of a run share: the clock, the prices and the rules.

    `rows` takes a row for each stretch of work (None: nowhere). `stuck` says, by client, which
    work will never end.
    """

    env: Environment
    cost: CostModel
    price_misses: bool
    when_offline: WhenOffline
    rows: RowFile | None
    stuck: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a round asks of its clients.

    `model_bytes` goes on top for who has no base model yet. `prices`: full-speed seconds by device
    class, batches and cache state, filled as they are met.
    """

    config: TuningConfig
    down_bytes: int
    up_bytes: int
    model_bytes: int = 0
    prices: dict[tuple[str, int, CacheState], float] = field(default_factory=dict)


class _Lost(Exception):  # noqa: N818  (the client's word)
    """The client is gone; its work in this round is lost."""


def participate(ground: Ground, order: Order, roll: Roll, bill: Bill) -> Process:
    """Download, compute, upload; then answer the roll.

    Broken off for good at any moment (by a dropout, or interrupted by the round's end): bytes,
    seconds and joules so far stay on the bill, the update is lost. A cache that was filled
    and a base model that has arrived stay.

    Whether a stage ends before the client goes away is looked up ahead, so that nobody watches.
    """
    env, client, rows = ground.env, bill.client, ground.rows
    presence, seconds, amounts = client.presence, bill.seconds, bill.amounts
    try:
        for stage, pace, amount in _stages(ground, order, bill):
            now_s = env.now
            seconds[bill.stage] += now_s - bill.since_s
            bill.stage, bill.since_s, bill.attempt = stage, now_s, pace
            try:
                needed_s = math.nan if pace.server else pace.time_for(now_s, amount)
            except NeverFinishes:
                needed_s = math.nan  # not known or never: compares as not in time
            if now_s + needed_s <= presence.on_until_s and stage != bill.drop_stage:
                yield Timeout(env, needed_s)
                amounts[stage] = amount
                if rows is not None:
                    _tell(ground, bill, amount, "done")
            else:
                yield from _struggle(ground, bill, pace, amount)
            if stage == DOWN:
                client.has_model = True
            elif stage == COMPUTE and bill.cache == "fill" and isinstance(order.config, AddOn):
                client.cached_depth = order.config.depth
        bill.outcome = "done"
        bill.turn(IDLE, env.now)
    except _Lost:
        bill.outcome = "lost"
        bill.turn(GONE, env.now)
    except Interrupt:
        _break_off(ground, bill)
    roll.answer(bill)


def _stages(
    ground: Ground, order: Order, bill: Bill
) -> tuple[tuple[int, OneWay | Device, float], ...]:
    """The stages of a client's round: which, on what, and how much of it."""
    client = bill.client
    n_bytes = order.down_bytes
    if order.model_bytes and not client.has_model:
        n_bytes += order.model_bytes
    return (
        (DOWN, client.link.down, n_bytes),
        (COMPUTE, client.device, _work_s(ground, order, bill)),
        (UP, client.link.up, order.up_bytes),
    )


def _work_s(ground: Ground, order: Order, bill: Bill) -> float:
    """Seconds at full speed, at the price of what the cache does for the client."""
    client = bill.client
    bill.cache = cache = client.cache_state(order.config)
    priced_as: CacheState = "hit" if cache == "fill" and not ground.price_misses else cache
    profile = client.device.profile
    key = (profile.name, client.n_batches, priced_as)
    price_s = order.prices.get(key)
    if price_s is None:
        price_s = ground.cost.compute_s(profile, order.config, client.n_batches, priced_as)
        order.prices[key] = price_s
    if priced_as == "fill":
        price_s += client.write_s
    return price_s * bill.work_factor


def _struggle(ground: Ground, bill: Bill, pace: OneWay | Device, amount: float) -> Process:
    """Do a stage that is broken off, in as many attempts as availability makes of it.

    Raises _Lost where the client is gone for good.
    """
    env, presence = ground.env, bill.client.presence
    left = target = amount * bill.drop_share if bill.stage == bill.drop_stage else amount
    while True:
        now_s = env.now
        offline_s = presence.offline_s(now_s)
        bill.attempt = pace
        if pace.server and pace.can_finish(now_s, left):
            moved = yield from _share(env, bill, pace, left, offline_s)
            if moved == left:
                break
            left = yield from _sit_out(ground, bill, moved, left, target)
            continue
        try:
            needed_s = pace.time_for(now_s, left)
        except NeverFinishes:
            needed_s = math.inf
        if now_s + needed_s <= offline_s and needed_s < math.inf:
            yield env.timeout(needed_s)
            break
        yield _going(ground, bill, pace, needed_s, offline_s)
        moved = pace.done_by(now_s, env.now)
        left = yield from _sit_out(ground, bill, moved, left, target)
    bill.amounts[bill.stage] += left
    if ground.rows is not None:
        _tell(ground, bill, left, "done")
    if bill.stage == bill.drop_stage:
        _give_up(ground, bill, "vanished")


def _share(env: Environment, bill: Bill, link: OneWay, n_bytes: float, offline_s: float) -> Process:
    """A transfer on the server's own link until the client goes away; returns the bytes moved."""
    assert link.server is not None
    if link.latency_s:
        yield env.timeout(min(link.latency_s, offline_s - env.now))
    flow = link.server.begin(link.trace, link.offset_s, n_bytes, offline_s)
    bill.attempt = flow
    yield flow.over
    return flow.moved


def _going(
    ground: Ground, bill: Bill, pace: OneWay | Device, seconds: float, offline_s: float
) -> Event:
    """The instant at which the client goes away; never, if nothing would come of its return."""
    env = ground.env
    if offline_s < math.inf and (
        seconds < math.inf
        or ground.when_offline == "drop"
        or pace.done_by(env.now, offline_s) > 0.0
    ):
        return env.timeout(offline_s - env.now)
    ground.stuck[bill.client.shard.client_id] = _STAGE_NAMES[bill.stage]
    if offline_s < math.inf:  # who comes and goes is not at work all the time: it waits
        bill.turn(WAIT, env.now)
    return env.event()


def _sit_out(ground: Ground, bill: Bill, moved: float, left: float, target: float) -> Process:
    """The client is away: by the rule its job is lost, or waits; returns what is then left."""
    env, presence, stage = ground.env, bill.client.presence, bill.stage
    bill.amounts[stage] += moved
    if ground.rows is not None:
        _tell(ground, bill, moved, "away")
    online_s = presence.online_s(env.now)
    if ground.when_offline == "drop" or online_s == math.inf:
        _give_up(ground, bill, "offline")
    if ground.when_offline == "restart":
        bill.waste(moved, env.now)
        left = target
    else:
        left = max(left - moved, 0.0)
    bill.turn(WAIT, env.now)
    yield env.timeout(online_s - env.now)
    bill.turn(stage, env.now)
    return left


def _break_off(ground: Ground, bill: Bill) -> None:
    """The round is closed: what the attempt under way has done so far is charged."""
    now_s = ground.env.now
    if bill.stage <= UP:
        attempt = bill.attempt
        if isinstance(attempt, Flow):
            moved = attempt.stop()
        else:
            moved = attempt.done_by(bill.since_s, now_s)
        bill.amounts[bill.stage] += moved
        if ground.rows is not None:
            _tell(ground, bill, moved, "cut")
    bill.turn(GONE, now_s)


def _give_up(ground: Ground, bill: Bill, reason: Literal["offline", "vanished"]) -> NoReturn:
    if ground.rows is not None:
        stage = _STAGE_NAMES[bill.stage]
        ground.rows.add(
            DropoutRow(
                t_s=ground.env.now,
                client=bill.client.shard.client_id,
                stage=stage,
                reason=reason,
            )
        )
    raise _Lost


def _tell(ground: Ground, bill: Bill, amount: float, status: AttemptStatus) -> None:
    """A row for the attempt that ends now."""
    assert ground.rows is not None
    client, now_s = bill.client, ground.env.now
    if bill.stage == COMPUTE:
        row: TransferRow | ComputeRow = ComputeRow(
            t_s=now_s,
            start_s=bill.since_s,
            client=client.shard.client_id,
            batches=client.n_batches,
            cache=bill.cache,
            status=status,
        )
    else:
        row = TransferRow(
            t_s=now_s,
            start_s=bill.since_s,
            client=client.shard.client_id,
            direction="down" if bill.stage == DOWN else "up",
            bytes=round(amount),
            status=status,
        )
    ground.rows.add(row)
