"""What a TCP sender meets: it stands still while nobody acknowledges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.fleet.acknowledged_way import AcknowledgedWay, working
from traces.availability import from_windows
from traces.step import StepTrace, constant

# Acknowledged for 2 s, then not for 3 s, and again.
ON_AND_OFF = from_windows([(0.0, 2.0)], 5.0)


def test_bytes_wait_for_the_end_of_an_outage_of_the_other_direction() -> None:
    way = AcknowledgedWay(constant(100.0), acknowledged=ON_AND_OFF)
    assert way.seconds_for(0.0, 150) == 1.5
    assert way.seconds_for(1.0, 150) == 1.0 + 3.0 + 0.5
    assert way.seconds_for(3.0, 100) == 2.0 + 1.0
    assert way.seconds_for(0.0, 500) == 2.0 + 3.0 + 2.0 + 3.0 + 1.0
    assert way.sent(1.0, 6.0) == 200.0
    assert way.sent(2.5, 4.5) == 0.0


def test_both_directions_count() -> None:
    # the link is out from 1 s to 4 s; what is acknowledged ends at 2 s and begins again at 5 s
    link = StepTrace(
        times_s=np.array([0.0, 1.0, 4.0]), values=np.array([100.0, 0.0, 100.0]), period_s=5.0
    )
    way = AcknowledgedWay(link, acknowledged=ON_AND_OFF)
    assert way.seconds_for(0.0, 150) == 5.5
    assert way.sent(0.0, 5.0) == 100.0


def test_what_is_never_acknowledged_or_never_moves_then_is_never_sent() -> None:
    never = from_windows([], 5.0)
    assert AcknowledgedWay(constant(100.0), acknowledged=never).seconds_for(0.0, 1) == math.inf
    link = StepTrace(times_s=np.array([0.0, 2.0]), values=np.array([0.0, 100.0]), period_s=5.0)
    assert AcknowledgedWay(link, acknowledged=ON_AND_OFF).seconds_for(0.0, 1) == math.inf


def test_a_direction_works_while_its_rate_is_above_0() -> None:
    assert working(constant(1.0)) is None
    trace = StepTrace(
        times_s=np.array([0.0, 1.0, 2.0]), values=np.array([0.0, 3.0, 4.0]), period_s=6.0
    )
    own = working(trace)
    assert own is not None
    assert [own.available_at(t) for t in (0.5, 1.0, 5.9, 6.5)] == [False, True, True, False]


def test_rounding_at_a_change_ends() -> None:
    way = AcknowledgedWay(constant(100.0), acknowledged=from_windows([(0.0, 0.1)], 0.3))
    for start_s in np.linspace(0.0, 1e6, 401).tolist():
        assert way.sent(start_s, start_s + 30.0) == pytest.approx(1000.0, rel=0.02)


@given(
    windows=st.lists(st.tuples(st.floats(0, 9), st.floats(0.1, 3)), min_size=1, max_size=4),
    rates=st.lists(st.floats(0, 1e3), min_size=1, max_size=5).filter(lambda own: min(own) > 10),
    start_s=st.floats(0, 50),
    n_bytes=st.floats(1, 1e3),
)
def test_the_time_for_bytes_is_when_they_have_been_sent(
    windows: list[tuple[float, float]], rates: list[float], start_s: float, n_bytes: float
) -> None:
    trace = StepTrace(
        times_s=np.arange(len(rates), dtype=np.float64),
        values=np.array(rates),
        period_s=float(len(rates)),
    )
    own = from_windows([(on_s, on_s + length_s) for on_s, length_s in windows], 13.0)
    way = AcknowledgedWay(trace, offset_s=0.5, acknowledged=own)
    seconds = way.seconds_for(start_s, n_bytes)
    assert way.sent(start_s, start_s + seconds) == pytest.approx(n_bytes, rel=1e-6)
    assert seconds >= trace.time_to_accumulate(start_s + 0.5, n_bytes) - 1e-6
