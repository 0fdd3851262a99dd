"""Jitter and dropout draws."""

from __future__ import annotations

import numpy as np
import pytest

from sim.engine.disturbances import Disturbances
from sim.streams import Streams


def disturbances() -> Disturbances:
    return Disturbances(streams=Streams(3), jitter=0.5, p_dropout=0.25)


def test_jitter_is_log_normal_with_mean_1() -> None:
    factors = np.array(disturbances().work_factors(7, 0, range(200_000)))
    assert factors.mean() == pytest.approx(1.0, abs=0.01)
    assert np.log(factors).std() == pytest.approx(0.5, abs=0.01)
    assert np.log(factors).mean() == pytest.approx(-0.125, abs=0.01)


def test_luck_belongs_to_the_client_its_round_and_the_attempt() -> None:
    draws = disturbances()
    all_of_them = draws.work_factors(7, 0, range(10))
    assert draws.work_factors(7, 0, [4, 9]) == [all_of_them[4], all_of_them[9]]
    for other in ((8, 0), (7, 1)):
        assert draws.work_factors(*other, range(10))[4] != all_of_them[4]


def test_dropouts_have_their_probability_and_a_uniform_point() -> None:
    points = np.array(disturbances().dropout_points(7, 0, range(100_000)))
    lost = points[points < 3]
    assert len(lost) / len(points) == pytest.approx(0.25, abs=0.005)
    assert np.histogram(lost, bins=3, range=(0, 3))[0] / len(lost) == pytest.approx(
        [1 / 3] * 3, abs=0.01
    )
