"""Plans by hand: 10 bytes down at 5 bytes/s, 3 s of computing, 20 bytes up at 10 bytes/s."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.plan import (
    COMPUTE,
    DOWN,
    UP,
    WAIT,
    Ending,
    Stretch,
    Task,
    cut_off,
    look_ahead,
    sit_out,
)
from sim.fleet.availability import Presence
from sim.fleet.device import Device
from sim.fleet.link import OneWay
from traces.availability import always, from_windows
from traces.profiles import device_profile
from traces.step import StepTrace, TraceEnded, constant


def task(**changes: Any) -> Task:
    """A task of one client, always there unless `windows` (of a period of 100 s) say otherwise."""
    windows = changes.pop("windows", None)
    presence = Presence(partial(from_windows, windows, 100.0) if windows else always)
    presence.is_on(0.0)
    fields: dict[str, Any] = {
        "paces": (
            OneWay(constant(5.0)),
            Device(device_profile("jetson-tx2")),
            OneWay(constant(10.0)),
        ),
        "amounts": (10.0, 3.0, 20.0),
        "drop_stage": 3,
        "presence": presence,
        "when_offline": "drop",
    }
    return Task(**(fields | changes))


def planned(of: Task, at_s: float = 0.0) -> tuple[list[Stretch], Ending]:
    stretches: list[Stretch] = []
    return stretches, look_ahead(of, stretches, at_s, DOWN, of.amounts[DOWN])


def test_undisturbed_work_is_three_stretches_and_its_end() -> None:
    stretches, ending = planned(task(), at_s=1.0)
    assert stretches == [
        (DOWN, 1.0, 3.0, 10.0, "done"),
        (COMPUTE, 3.0, 6.0, 3.0, "done"),
        (UP, 6.0, 8.0, 20.0, "done"),
    ]
    assert ending[:3] == ("done", 8.0, 3)


def test_a_plan_ends_where_the_client_goes_away() -> None:
    stretches, ending = planned(task(windows=[(0, 4)]))
    assert stretches[-1] == (COMPUTE, 2.0, 4.0, 2.0, "away")
    assert ending[:4] == ("away", 4.0, COMPUTE, 1.0)


@pytest.mark.parametrize(("rule", "left"), [("pause", 1.0), ("restart", 3.0)])
def test_who_comes_back_goes_on_by_the_rule(rule: str, left: float) -> None:
    of = task(windows=[(0, 4), (9, 50)], when_offline=rule)
    stretches, away = planned(of)
    back = sit_out(of, stretches, away)
    assert back is not None
    assert back[:4] == ("back", 9.0, COMPUTE, left)
    assert stretches[-1][:3] == (WAIT, 4.0, 9.0)
    assert look_ahead(of, stretches, 9.0, COMPUTE, left)[:2] == ("done", 9.0 + left + 2.0)


@pytest.mark.parametrize(("rule", "windows"), [("drop", [(0, 4), (9, 50)]), ("pause", [(0, 4)])])
def test_who_is_dropped_or_gone_for_good_does_not_come_back(rule: str, windows: Any) -> None:
    presence = Presence(partial(from_windows, windows, 100.0, "hold"))
    presence.is_on(0.0)
    of = task(presence=presence, when_offline=rule)
    stretches, away = planned(of)
    assert away.kind == "away"
    assert sit_out(of, stretches, away) is None


def test_who_vanishes_has_done_the_part_that_was_asked() -> None:
    stretches, ending = planned(task(drop_stage=UP, amounts=(10.0, 3.0, 5.0)))
    assert stretches[-1] == (UP, 5.0, 5.5, 5.0, "done")
    assert ending[:3] == ("vanished", 5.5, UP)


def test_a_dead_link_is_stuck() -> None:
    of = task()
    dead = task(paces=(*of.paces[:2], OneWay(constant(0.0))))
    stretches, ending = planned(dead)
    assert stretches[-1][:3] == (UP, 5.0, math.inf)
    assert ending[:3] == ("stuck", 5.0, UP)


def test_a_trace_that_ends_is_told_when_the_clock_is_there() -> None:
    short = StepTrace(times_s=np.zeros(1), values=np.ones(1), period_s=6.0, end_rule="error")
    of = task()
    _, ending = planned(task(paces=(*of.paces[:2], OneWay(short))))
    assert ending[:3] == ("unknown", 5.0, UP)
    assert isinstance(ending.error, TraceEnded)


def test_a_plan_that_is_cut_keeps_what_was_done_by_then() -> None:
    of = task()
    stretches, _ = planned(of)
    assert cut_off(of, stretches, 1.5) == [(DOWN, 0.0, 1.5, 7.5, "cut")]
    assert cut_off(of, stretches, 2.0)[1:] == [(COMPUTE, 2.0, 2.0, 0.0, "cut")]
    assert cut_off(of, stretches, 7.0) == stretches


@given(
    cut_s=st.floats(0, 60),
    start_s=st.floats(0, 99),
    on_s=st.floats(3, 60),
    rates=st.lists(st.sampled_from([0.0, 2.0, 9.0]), min_size=1, max_size=5).filter(any),
    rule=st.sampled_from(["drop", "pause", "restart"]),
)
def test_stretches_follow_on_one_another_and_a_cut_only_shortens(
    cut_s: float, start_s: float, on_s: float, rates: list[float], rule: str
) -> None:
    times_s = np.arange(len(rates), dtype=np.float64)
    link = OneWay(StepTrace(times_s=times_s, values=np.array(rates), period_s=float(len(rates))))
    of = task(windows=[(0, on_s)], when_offline=rule, paces=(link, task().paces[1], link))
    stretches: list[Stretch] = []
    ending = look_ahead(of, stretches, start_s, DOWN, 10.0)
    for _ in range(6):
        back = sit_out(of, stretches, ending) if ending.kind == "away" else None
        if back is None:
            break
        ending = look_ahead(of, stretches, back.at_s, back.stage, back.left)
    instants = [start_s, *(stretch.end_s for stretch in stretches)]
    assert [stretch.start_s for stretch in stretches] == instants[:-1]
    assert instants == sorted(instants)
    kept = cut_off(of, stretches, start_s + cut_s)
    assert kept[:-1] == stretches[: len(kept) - 1]
    assert kept[-1].end_s == min(start_s + cut_s, instants[-1])
    for stretch in kept:
        if stretch.place in (DOWN, UP):
            carried = link.done_by(stretch.start_s, stretch.end_s)
            assert stretch.amount == pytest.approx(carried, rel=1e-6, abs=1e-6)
