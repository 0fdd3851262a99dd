"""Statistics against textbook formulas and general laws."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from analysis.statistics.estimates import (
    mean_band,
    mean_interval,
    paired_difference,
    replications_needed,
    speed_up,
)


def test_an_interval_of_many_seeds_is_close_to_students() -> None:
    values = np.random.default_rng(3).normal(10.0, 2.0, 200).tolist()
    estimate = mean_interval(values)
    half = float(t.ppf(0.975, 199)) * float(np.std(values, ddof=1)) / math.sqrt(200)
    assert estimate.mean == pytest.approx(np.mean(values))
    assert estimate.low == pytest.approx(estimate.mean - half, abs=0.05)
    assert estimate.high == pytest.approx(estimate.mean + half, abs=0.05)


def test_the_same_values_have_the_same_interval() -> None:
    values = [3.0, 4.0, 9.0, 1.0]
    assert mean_interval(values) == mean_interval(values)


def test_a_single_seed_has_no_interval() -> None:
    estimate = mean_interval([3.0])
    assert (estimate.mean, estimate.low, estimate.high, estimate.n) == (3.0, None, None, 1)
    assert estimate.is_single


def test_equal_values_have_an_interval_of_width_zero() -> None:
    estimate = mean_interval([3.0, 3.0, 3.0])
    assert (estimate.low, estimate.high) == (3.0, 3.0)


def test_a_band_is_the_interval_of_each_point() -> None:
    curves = np.array([[1.0, 5.0], [3.0, 5.0], [2.0, 5.0]])
    mean, low, high = mean_band(curves)
    assert mean.tolist() == [2.0, 5.0]
    assert 1.0 <= low[0] < 2.0 < high[0] <= 3.0
    assert low[1] == high[1] == 5.0


def test_an_empty_mean_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        mean_interval([])


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=8))
def test_an_interval_contains_its_mean(values: list[float]) -> None:
    estimate = mean_interval(values)
    assert estimate.low is not None
    assert estimate.high is not None
    slack = 1e-9 * (1 + max(map(abs, values)))
    assert min(values) - slack <= estimate.low <= estimate.high <= max(values) + slack


def test_differences_are_paired_by_seed() -> None:
    base = {1: 100.0, 2: 10.0, 3: 55.0}
    arm = {1: 90.0, 2: 1.0, 3: 44.0, 4: 1e9}
    difference = paired_difference(base, arm)
    assert difference is not None
    assert difference.n == 3
    assert difference.mean == pytest.approx(10.0)
    assert difference.low is not None
    assert difference.low > 8.9  # the seeds themselves are 45 apart
    assert paired_difference(base, {9: 1.0}) is None


def test_a_speed_up_is_a_ratio_of_means_over_common_seeds() -> None:
    speed = speed_up({1: 30.0, 2: 50.0, 3: 1e9}, {1: 10.0, 2: 10.0})
    assert speed is not None
    assert (speed.mean, speed.n) == (4.0, 2)
    assert speed_up({1: 3.0}, {2: 1.0}) is None
    assert speed_up({1: 3.0}, {1: 0.0}) is None


def test_a_constant_speed_up_has_an_interval_of_width_zero() -> None:
    speed = speed_up({1: 2.0, 2: 4.0, 3: 6.0}, {1: 1.0, 2: 2.0, 3: 3.0})
    assert speed is not None
    assert speed.low == pytest.approx(2.0)
    assert speed.high == pytest.approx(2.0)


def test_replications_needed_is_the_least_sufficient_number() -> None:
    values = [1.0, 2.0, 3.0, 4.0]
    n = replications_needed(values, 0.5)
    assert n is not None
    widths = [float(t.ppf(0.975, k - 1)) * 1.2909944 / math.sqrt(k) for k in (n - 1, n)]
    assert widths[0] > 0.5 >= widths[1]
    assert replications_needed(values, 100.0) == 2
    assert replications_needed([1.0], 0.5) is None
    needed = [replications_needed(values, width) for width in (1.0, 0.5, 0.25, 0.125)]
    assert all(a < b for a, b in pairwise(filter(None, needed)))


def test_invalid_half_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="must be above 0, got 0"):
        replications_needed([1.0, 2.0], 0.0)
    with pytest.raises(ValueError, match="more than 1,000,000 seeds"):
        replications_needed([1.0, 2.0], 1e-9)
