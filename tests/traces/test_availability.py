"""Availability: hand-computed windows, changes and shares."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.availability import Availability, always, diurnal, from_windows
from traces.step import EndRule, TraceEnded

DAY_S = 86_400.0


def windows(end_rule: EndRule = "loop") -> Availability:
    """On in [10, 20) and [50, 60) of 100 s."""
    return from_windows([(50.0, 60.0), (10.0, 20.0)], 100.0, end_rule)


def test_windows_are_half_open_and_loop() -> None:
    device = windows()
    instants = (0.0, 10.0, 19.9, 20.0, 55.0, 60.0, 110.0, 1e6 + 15.0, -45.0)
    found = [device.available_at(t) for t in instants]
    assert found == [False, True, True, False, True, False, True, True, True]


def test_the_next_change_is_after_the_instant_asked_about() -> None:
    device = windows()
    found = [device.next_change(t) for t in (0.0, 10.0, 19.0, 20.0, 60.0, 99.0, -95.0)]
    assert found == [10.0, 20.0, 20.0, 50.0, 110.0, 110.0, -90.0]


def test_a_window_across_the_end_of_the_period_has_no_change_there() -> None:
    device = from_windows([(0.0, 10.0), (90.0, 100.0)], 100.0)
    assert device.next_change(95.0) == 110.0
    assert device.next_change(50.0) == 90.0
    assert from_windows([(90.0, 100.0)], 100.0).next_change(95.0) == 100.0


def test_a_constant_availability_never_changes() -> None:
    assert always().next_change(5.0) == math.inf
    assert always().available_at(1e9)
    never = from_windows([], 10.0)
    assert (never.share, never.next_change(3.0), never.available_at(3.0)) == (0.0, math.inf, False)
    assert from_windows([(0.0, 10.0)], 10.0).share == 1.0


def test_hold_and_error_end_the_recording() -> None:
    hold = windows("hold")
    assert [hold.available_at(t) for t in (-5.0, 55.0, 500.0)] == [False, True, False]
    assert hold.next_change(60.0) == math.inf
    error = windows("error")
    assert error.next_change(0.0) == 10.0
    for t_s in (-1.0, 100.0):
        with pytest.raises(TraceEnded, match="does not cover"):
            error.available_at(t_s)
    with pytest.raises(TraceEnded, match="before availability changes"):
        error.next_change(70.0)


def test_windows_may_touch_overlap_be_empty_or_stick_out() -> None:
    device = from_windows([(5, 8), (8, 9), (3, 6), (7, 7), (-4, 1), (95, 200)], 100.0)
    assert device.changes_s == (1.0, 3.0, 9.0, 95.0)
    assert device.first is True
    assert device.share == pytest.approx(0.12)


def test_a_shift_looks_further_into_the_recording() -> None:
    shifted = windows().shift(15.0)
    assert shifted.available_at(0.0)
    assert shifted.next_change(0.0) == 5.0


@given(
    st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e4)), max_size=8),
    st.floats(0.0, 1e8),
)
def test_waiting_for_a_change_always_finds_one(
    spans: list[tuple[float, float]], t_s: float
) -> None:
    device = from_windows([(on_s, on_s + length_s) for on_s, length_s in spans], 1.1e5)
    before = device.available_at(t_s)
    change_s = device.next_change(t_s)
    if change_s < math.inf:
        assert change_s > t_s
        gaps_s = np.diff((0.0, *device.changes_s, device.period_s))
        if gaps_s.min() > 1e-5:  # windows shorter than the tick may be passed over
            assert device.available_at(change_s) is not before


def test_impossible_availability_is_refused() -> None:
    with pytest.raises(ValueError, match="must not end before it begins"):
        from_windows([(5.0, 4.0)], 10.0)
    with pytest.raises(ValueError, match="period_s must be positive"):
        from_windows([], 0.0)
    with pytest.raises(ValueError, match="must increase within"):
        Availability(changes_s=(5.0, 5.0), first=True, period_s=10.0)
    with pytest.raises(ValueError, match="must increase within"):
        Availability(changes_s=(12.0,), first=True, period_s=10.0)


def test_a_diurnal_phone_is_available_at_night(rng: np.random.Generator) -> None:
    phones = [diurnal(rng, days=14) for _ in range(200)]
    at_2h = np.mean(
        [phone.available_at(day * DAY_S + 7200.0) for phone in phones for day in range(14)]
    )
    at_14h = np.mean(
        [phone.available_at(day * DAY_S + 50_400.0) for phone in phones for day in range(14)]
    )
    assert 0.85 < at_2h < 0.95
    assert at_14h < 0.01
    assert np.mean([phone.share for phone in phones]) == pytest.approx(0.9 * 7 / 24, rel=0.05)
