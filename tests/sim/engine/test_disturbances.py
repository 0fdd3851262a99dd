"""Jitter and dropout draws."""

from __future__ import annotations

import numpy as np
import pytest

from sim.engine.disturbances import dropout_points, work_factors
from sim.streams import Streams


def test_jitter_is_log_normal_with_mean_1() -> None:
    factors = np.array(work_factors(Streams(3), 0.5, 7, 0, range(200_000)))
    assert factors.mean() == pytest.approx(1.0, abs=0.01)
    assert np.log(factors).std() == pytest.approx(0.5, abs=0.01)
    assert np.log(factors).mean() == pytest.approx(-0.125, abs=0.01)


def test_luck_belongs_to_the_client_its_round_and_the_attempt() -> None:
    streams = Streams(3)
    all_of_them = work_factors(streams, 0.5, 7, 0, range(10))
    assert work_factors(streams, 0.5, 7, 0, [4, 9]) == [all_of_them[4], all_of_them[9]]
    for other in ((8, 0), (7, 1)):
        assert work_factors(streams, 0.5, *other, range(10))[4] != all_of_them[4]


def test_dropouts_have_their_probability_and_a_uniform_point() -> None:
    points = np.array(dropout_points(Streams(3), 0.25, 7, 0, range(100_000)))
    lost = points[points < 3]
    assert len(lost) / len(points) == pytest.approx(0.25, abs=0.005)
    assert np.histogram(lost, bins=3, range=(0, 3))[0] / len(lost) == pytest.approx(
        [1 / 3] * 3, abs=0.01
    )
