"""Transfers as integrals of the bandwidth, met at an offset."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.fleet.link import OneWay
from sim.fleet.transport import SlowStart
from traces.step import EndRule, StepTrace, constant

# 100 bytes/s for 2 s, nothing for 3 s, 200 bytes/s for 1 s, and again.
STEPS = StepTrace(
    times_s=np.array([0.0, 2.0, 5.0]), values=np.array([100.0, 0.0, 200.0]), period_s=6.0
)


@pytest.mark.parametrize(
    ("start_s", "n_bytes", "seconds"),
    [
        (0.0, 150, 1.5),
        (0.0, 300, 5.5),
        (1.0, 100, 1.0),
        (3.0, 50, 2.25),
        (0.0, 500, 7.0),
        (0.0, 0, 0.0),
    ],
)
def test_a_transfer_waits_for_its_bytes(start_s: float, n_bytes: int, seconds: float) -> None:
    assert OneWay(STEPS).time_for(start_s, n_bytes) == pytest.approx(seconds)


def test_an_offset_starts_elsewhere_in_the_trace() -> None:
    assert OneWay(STEPS, offset_s=5.0).time_for(0.0, 200) == pytest.approx(1.0)


def test_latency_comes_before_the_first_byte() -> None:
    link = OneWay(constant(100.0), latency_s=0.5)
    assert link.time_for(0.0, 100) == 1.5
    assert [link.done_by(0.0, now_s) for now_s in (0.3, 0.5, 1.0, 1.25)] == [0, 0, 50, 75]


# A round trip of 0.1 s for 1 s, then 0.3 s for 1 s, and again.
ROUND_TRIP = StepTrace(times_s=np.array([0.0, 1.0]), values=np.array([0.1, 0.3]), period_s=2.0)
FIRST_WINDOWS = SlowStart(first_window_bytes=100, lead_round_trips=0.0)
FULL_FROM_THE_START = SlowStart(first_window_bytes=1000, lead_round_trips=1.0)


def test_a_recorded_round_trip_is_met_at_its_own_offset() -> None:
    link = OneWay(constant(100.0), latency_s=0.5, round_trip=ROUND_TRIP, round_trip_offset_s=1.0)
    assert [link.latency_at(t) for t in (0.0, 1.0)] == [0.8, 0.6]
    assert [link.time_for(t, 100) for t in (0.0, 1.0)] == [1.8, 1.6]
    assert [link.time_for(t, 0) for t in (0.0, 1.0)] == [0.8, 0.6]
    assert [link.done_by(0.0, now_s) for now_s in (0.8, 1.0)] == pytest.approx([0.0, 20.0])
    assert link.lead_s(1.0) == 0.6


def test_a_client_meets_the_round_trips_of_a_recording_later_than_its_zero() -> None:
    # At 0.75 s the client is at 1.25 s of the recording; 0.5 s earlier would be at 0.25 s.
    link = OneWay(constant(100.0), round_trip=ROUND_TRIP, round_trip_offset_s=0.5)
    assert [link.latency_at(t) for t in (0.25, 0.75, 1.5)] == [0.1, 0.3, 0.1]


def test_the_trace_is_met_when_the_first_byte_moves() -> None:
    assert OneWay(STEPS, latency_s=1.0).time_for(0.0, 100) == 2.0
    late = OneWay(STEPS, latency_s=1.0, offset_s=1.0)  # its first byte moves at 2 s of the trace
    assert late.done_by(0.0, 5.0) == 200.0
    assert late.time_for(0.0, 200) == 5.0


def test_a_fluid_asks_for_the_shared_link_after_its_latency() -> None:
    fluid = OneWay(STEPS, latency_s=0.25)
    assert (fluid.lead_s(3.0), fluid.tail_s(3.0, 500, 2.0)) == (0.25, 0.0)


def test_tcp_arrives_later_than_its_bytes_at_the_rate_that_the_shared_link_gave() -> None:
    # windows of 100, 200 and 400 bytes at 0, 0.5 and 1 s; the last 200 bytes take 0.2 s and arrive
    # 0.25 s later: 1.45 s, of which 0.5 s are for the bytes
    slow = OneWay(constant(1000.0), latency_s=0.5, slow_start=FIRST_WINDOWS)
    assert slow.time_for(2.0, 500) == pytest.approx(1.45)
    assert slow.lead_s(2.0) == 0.0
    assert slow.tail_s(2.0, 500, 0.5) == pytest.approx(0.95)
    # at 100 bytes/s the first window takes longer than a round trip: the link is full at once
    assert slow.tail_s(2.0, 500, 5.0) == pytest.approx(0.25)
    assert slow.tail_s(2.0, 0, 0.0) == 0.25
    # a round trip before the first byte, and half of one after the last
    full = OneWay(STEPS, latency_s=0.25, offset_s=5.0, slow_start=FULL_FROM_THE_START)
    assert full.lead_s(0.0) == 0.25
    assert full.tail_s(0.0, 100, 0.5) == pytest.approx(0.125)


def test_an_expected_transfer_is_at_mean_rate_and_mean_round_trip() -> None:
    # 400 bytes in 6 s: 200 bytes in 3 s
    assert OneWay(STEPS, latency_s=0.5).expected_s(200) == pytest.approx(3.5)
    recorded = OneWay(STEPS, latency_s=0.5, round_trip=ROUND_TRIP)
    assert recorded.expected_s(200) == pytest.approx(3.7)
    tcp = OneWay(STEPS, latency_s=0.7, slow_start=FULL_FROM_THE_START)
    assert tcp.expected_s(200) == pytest.approx(0.7 + 3.0 + 0.35)
    assert OneWay(constant(0.0)).expected_s(1) == math.inf


def test_what_a_link_can_ever_deliver() -> None:
    def step(values: list[float], end_rule: EndRule) -> OneWay:
        times_s = np.array([0.0, 1.0])
        return OneWay(
            StepTrace(times_s=times_s, values=np.array(values), period_s=2.0, end_rule=end_rule)
        )

    assert step([0.25, 0.0], "loop").can_finish(0.0, 1e9)
    assert not step([0.0, 0.0], "loop").can_finish(0.0, 1)
    assert step([0.25, 0.0], "loop").can_finish(0.0, 1e308)  # in more seconds than a float can hold
    assert step([0.0, 0.0], "loop").can_finish(0.0, 0)
    ends = step([100.0, 0.0], "hold")
    assert [ends.can_finish(0.0, n) for n in (0, 100, 101)] == [True, True, False]
    assert not ends.can_finish(0.5, 100)
