"""Transfers as integrals of the bandwidth, met at an offset."""

from __future__ import annotations

import numpy as np
import pytest

from sim.fleet.link import OneWay
from traces.step import StepTrace, constant

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
