"""A client's part in a round, foreseen from the instant at which it starts.

On links of its own, when each stage ends and when the client goes away in the middle follow from
its traces. So they are worked out at once, as a value, and the simulated clock has one event for
it: where the plan ends. A plan ends early where the client goes away, and where a transfer goes on
over the server's own link, which depends on what others do.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import Literal, NamedTuple

from sim.fleet.availability import Presence
from sim.fleet.device import Device
from sim.fleet.link import OneWay
from sim.records import AttemptStatus
from sim.scenario.fleet import WhenOffline
from traces.step import NeverFinishes, TraceEnded

DOWN, COMPUTE, UP, WAIT, IDLE, GONE = range(6)
"""Where a client's seconds go: its three stages of work; away and coming back (WAIT); finished
before the round was (IDLE); lost to the round before it ended (GONE)."""

Pace = OneWay | Device
"""What a stage of work goes on."""


class Task(NamedTuple):
    """What one client has to do in one round, and what it does it with.

    amounts: bytes down, full-speed seconds of computing, bytes up; in `drop_stage`, at whose end
    the client vanishes for good (behind UP: it does not), only what comes before that.
    """

    paces: tuple[Pace, Pace, Pace]
    amounts: Sequence[float]
    drop_stage: int
    presence: Presence
    when_offline: WhenOffline


class Stretch(NamedTuple):
    """Time spent in one place: an attempt at a stage, with the amount that came of it, or WAIT."""

    place: int
    start_s: float
    end_s: float
    amount: float
    status: AttemptStatus


_stretch: Callable[[tuple[int, float, float, float, AttemptStatus]], Stretch]
_stretch = partial(tuple.__new__, Stretch)  # as Stretch(...), at half the price: three a job


class Ending(NamedTuple):
    """Where a plan stops, at an instant and in a stage.

    done, vanished: the job is over. away: the client leaves with `left` to do; back: it returns.
    stuck: nothing will ever come of it. unknown: `error` says what the traces do not cover.
    shared: a transfer of `left` that was begun at `since_s` goes on over the server's own link,
    until `until_s` at most.
    """

    kind: Literal["done", "vanished", "away", "back", "stuck", "unknown", "shared"]
    at_s: float
    stage: int
    left: float = 0.0
    since_s: float = math.nan
    until_s: float = math.inf
    error: TraceEnded | None = None


def look_ahead(
    task: Task, stretches: list[Stretch], at_s: float, stage: int, left: float
) -> Ending:
    """Append what the client does from at_s on, with `left` to do of a stage; returns where it
    stops. Asks the traces, and changes nothing else."""
    paces, amounts, drop_stage, presence, _ = task
    there_until_s = presence.on_until_s
    try:
        while True:
            pace = paces[stage]
            if pace.server is not None and pace.can_finish(at_s, left):
                return _shared(task, pace, at_s, stage, left)
            try:
                end_s = at_s + pace.time_for(at_s, left)
            except NeverFinishes:
                end_s = math.inf
            if end_s > there_until_s or end_s == math.inf:
                there_until_s = presence.away_from(at_s)
                if end_s > there_until_s or end_s == math.inf:
                    return _broken_off(task, stretches, at_s, end_s, there_until_s, stage, left)
            stretches.append(_stretch((stage, at_s, end_s, left, "done")))
            if stage == drop_stage:
                return Ending("vanished", end_s, stage)
            if stage == UP:
                return Ending("done", end_s, stage + 1)
            at_s, stage = end_s, stage + 1
            left = amounts[stage]
    except TraceEnded as error:
        return Ending("unknown", at_s, stage, error=error)


def undisturbed(task: Task, at_s: float, ends_s: tuple[float, float, float]) -> list[Stretch]:
    """What a client does from at_s on whose stages are known to end so, one behind the other."""
    down_bytes, work_s, up_bytes = task.amounts
    down_s, compute_s, up_s = ends_s
    return [
        _stretch((DOWN, at_s, down_s, down_bytes, "done")),
        _stretch((COMPUTE, down_s, compute_s, work_s, "done")),
        _stretch((UP, compute_s, up_s, up_bytes, "done")),
    ]


def after_sharing(
    task: Task, stretches: list[Stretch], shared: Ending, now_s: float, moved: float
) -> Ending:
    """As look_ahead, from the end of a shared transfer that has moved so many bytes by now."""
    stage, left = shared.stage, shared.left - moved
    status: AttemptStatus = "done" if moved == shared.left else "away"
    stretches.append(Stretch(stage, shared.since_s, now_s, moved, status))
    if status == "away":
        return Ending("away", now_s, stage, left)
    if stage == task.drop_stage:
        return Ending("vanished", now_s, stage)
    if stage == UP:
        return Ending("done", now_s, stage + 1)
    return look_ahead(task, stretches, now_s, stage + 1, task.amounts[stage + 1])


def sit_out(task: Task, stretches: list[Stretch], away: Ending) -> Ending | None:
    """The client is away now: by the rule it waits and comes back, or is lost (None)."""
    online_s = task.presence.online_s(away.at_s)
    if task.when_offline == "drop" or online_s == math.inf:
        return None
    stretches.append(Stretch(WAIT, away.at_s, online_s, 0.0, "away"))
    left = task.amounts[away.stage] if task.when_offline == "restart" else max(away.left, 0.0)
    return Ending("back", online_s, away.stage, left)


def cut_off(task: Task, stretches: Sequence[Stretch], now_s: float) -> list[Stretch]:
    """The stretches up to an instant; the attempt under way is then broken off."""
    kept = list(stretches[: bisect_right(stretches, now_s, key=attrgetter("end_s"))])
    if len(kept) < len(stretches) and stretches[len(kept)].start_s <= now_s:
        place, start_s = stretches[len(kept)][:2]
        moved = task.paces[place].done_by(start_s, now_s) if place <= UP else 0.0
        kept.append(Stretch(place, start_s, now_s, moved, "cut"))
    return kept


def _shared(task: Task, link: Pace, at_s: float, stage: int, left: float) -> Ending:
    """The transfer begins after its latency, or never, if the client goes away before."""
    assert isinstance(link, OneWay)
    until_s = task.presence.away_from(at_s)
    return Ending("shared", min(at_s + link.latency_s, until_s), stage, left, at_s, until_s)


def _broken_off(
    task: Task,
    stretches: list[Stretch],
    at_s: float,
    end_s: float,
    away_s: float,
    stage: int,
    left: float,
) -> Ending:
    """An attempt that would end at end_s (inf: never) and that its client's leaving breaks off."""
    moved = task.paces[stage].done_by(at_s, away_s) if away_s < math.inf else 0.0
    if moved == 0.0 and (away_s == math.inf or (end_s == math.inf and task.when_offline != "drop")):
        # who comes and goes is not at work all the time: it waits
        place = stage if away_s == math.inf else WAIT
        stretches.append(Stretch(place, at_s, math.inf, 0.0, "away"))
        return Ending("stuck", at_s, stage)
    stretches.append(Stretch(stage, at_s, away_s, moved, "away"))
    return Ending("away", away_s, stage, left - moved)
