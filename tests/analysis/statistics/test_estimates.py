"""Statistics against textbook formulas and general laws."""

import math
from itertools import pairwise
from statistics import stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import t

from analysis.statistics.estimates import (
    FEWEST,
    Estimate,
    geometric_mean,
    holm,
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


def test_equal_values_have_an_interval_of_width_zero() -> None:
    estimate = mean_interval([3.0, 3.0, 3.0])
    assert (estimate.low, estimate.high) == (3.0, 3.0)


def test_a_band_is_the_interval_of_each_point() -> None:
    curves = np.array([[1.0, 5.0], [3.0, 5.0], [2.0, 5.0]])
    mean, low, high = mean_band(curves)
    assert mean.tolist() == [2.0, 5.0]
    assert 1.0 <= low[0] < 2.0 < high[0] <= 3.0
    assert low[1] == high[1] == 5.0


def test_a_band_of_five_seeds_is_students_interval_of_each_point() -> None:
    mean, low, high = mean_band(np.array([[x, 10 * x] for x in (1.0, 2.0, 3.0, 4.0, 5.0)]))
    half = 2.776445 * math.sqrt(2.5 / 5)  # as for one estimate, below; ten times that beside it
    assert mean.tolist() == [3.0, 30.0]
    assert low.tolist() == pytest.approx([3 - half, 30 - 10 * half])
    assert high.tolist() == pytest.approx([3 + half, 30 + 10 * half])


def test_an_empty_mean_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        mean_interval([])


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=8))
def test_an_interval_contains_its_mean(values: list[float]) -> None:
    estimate = mean_interval(values)
    assert estimate.low is not None
    assert estimate.high is not None
    slack = 1e-9 * (1 + max(map(abs, values)))
    assert estimate.low - slack <= estimate.mean <= estimate.high + slack
    if len(values) < FEWEST:
        assert (estimate.low, estimate.high) == (min(values), max(values))


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


def test_a_speed_up_over_five_seeds_has_an_interval_and_a_p_value() -> None:
    base = dict(enumerate([10.0, 20.0, 30.0, 40.0, 50.0]))  # mean 30
    arm = dict(enumerate([5.0, 5.0, 15.0, 15.0, 20.0]))  # mean 12
    speed = speed_up(base, arm)
    # x / 30 - y / 12: -1/12, 1/4, -1/4, 1/12, 0; s / sqrt(5) = sqrt(0.138889 / 4 / 5) = 1/12
    assert speed is not None
    assert (speed.mean, speed.n, speed.kind) == (2.5, 5, "log-t")
    assert speed.low == pytest.approx(2.5 * math.exp(-2.776445 / 12))
    assert speed.high == pytest.approx(2.5 * math.exp(2.776445 / 12))
    assert speed.p == pytest.approx(2 * float(t.sf(12 * math.log(2.5), 4)))


def test_a_base_without_any_amount_has_a_speed_up_of_zero() -> None:
    found = speed_up(dict.fromkeys(range(5), 0.0), dict.fromkeys(range(5), 2.0))
    assert found == Estimate(mean=0.0, low=0.0, high=0.0, n=5, kind="log-t")


def test_amounts_of_which_one_is_zero_have_students_interval() -> None:
    values = [0.0, 1.0, 2.0, 3.0, 4.0]
    assert mean_interval(values, is_amount=True) == mean_interval(values)


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([2.0] * 5, 0.0),
        ([0.0] * 5, 1.0),
        ([1.0, 1.0, 1.0, 1.0, 1.0 + 2.0**-52], 0.0),  # equal but for rounding
    ],
)
def test_differences_without_spread_are_certain(differences: list[float], p: float) -> None:
    found = paired_difference(dict(enumerate(differences)), dict.fromkeys(range(5), 0.0))
    assert found is not None
    assert found.p == p


def test_a_small_spread_around_a_small_difference_is_a_spread() -> None:
    values = [1e-3 + 1e-12 * n for n in range(5)]
    found = paired_difference(dict(enumerate(values)), dict.fromkeys(range(5), 0.0))
    assert found is not None
    assert found.p is not None
    assert 0.0 < found.p < 1e-6


@pytest.mark.parametrize("n", [2, 3, 5, 7, 11, 12, 13, 30, 31])
def test_an_interval_that_is_just_narrow_enough_is_enough(n: int) -> None:
    values = [1.0, 2.0, 4.0]
    width = float(t.ppf(0.975, n - 1)) * stdev(values) / math.sqrt(n)
    assert replications_needed(values, width) == n


def test_replications_needed_is_the_least_sufficient_number() -> None:
    values = [1.0, 2.0, 3.0, 4.0]
    n = replications_needed(values, 0.5)
    assert isinstance(n, int)
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


def test_fewer_than_five_seeds_have_a_range() -> None:
    estimate = mean_interval([1.0, 2.0, 6.0, 3.0], is_amount=True)
    assert (estimate.mean, estimate.low, estimate.high, estimate.kind) == (3.0, 1.0, 6.0, "range")
    difference = paired_difference({1: 3.0, 2: 5.0}, {1: 1.0, 2: 1.0})
    assert difference is not None
    assert (difference.low, difference.high, difference.p) == (2.0, 4.0, None)


def test_five_seeds_have_students_interval() -> None:
    estimate = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (estimate.mean, estimate.n, estimate.kind) == (3.0, 5, "t")
    # t(0.975, 4) = 2.776445, s = sqrt(2.5)
    assert estimate.high == pytest.approx(3 + 2.776445 * math.sqrt(2.5 / 5))
    difference = paired_difference(
        dict(enumerate([1.0, 2.0, 3.0, 4.0, 5.0])), dict.fromkeys(range(5), 0.0)
    )
    assert difference is not None
    assert difference.p == pytest.approx(0.01324, abs=1e-5)  # t = 4.2426 with 4 degrees


def test_amounts_have_students_interval_of_their_logarithms() -> None:
    estimate = mean_interval([math.exp(x) for x in (0.0, 0.1, 0.2, 0.3, 0.4)], is_amount=True)
    # variance 0.025; error sqrt(0.025 / 5 + 0.025 ** 2 / 8) = 0.0712610; middle 0.2 + 0.0125
    assert (estimate.n, estimate.kind) == (5, "log-t")
    assert estimate.mean == pytest.approx(sum(math.exp(x / 10) for x in range(5)) / 5)
    assert estimate.low == pytest.approx(math.exp(0.2125 - 2.776445 * 0.0712610), rel=1e-5)
    assert estimate.high == pytest.approx(math.exp(0.2125 + 2.776445 * 0.0712610), rel=1e-5)


def test_p_values_are_corrected_after_holm() -> None:
    # 4 x 0.005; 3 x 0.01; 2 x 0.03; then at least as much as the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([None, 0.6, 0.7]) == [None, 1.0, 1.0]
    assert holm([]) == []


@pytest.mark.slow
def test_intervals_cover_the_true_mean_and_a_bootstrap_of_few_seeds_does_not() -> None:
    rng, sigma = np.random.default_rng(1), 0.5
    true_mean = math.exp(sigma**2 / 2)
    for n in (3, 5, 10):
        normal = rng.normal(0.0, 1.0, (1000, n))
        picks = rng.integers(0, n, (999, n))
        bounds = np.quantile(normal[:, picks].mean(axis=2), (0.025, 0.975), axis=1)
        assert np.mean((bounds[0] <= 0) & (bounds[1] >= 0)) < 0.925  # so it is not used
        if n < FEWEST:
            assert mean_interval(normal[0].tolist()).kind == "range"
            continue
        assert _coverage(normal, 0.0, is_amount=False) == pytest.approx(0.95, abs=0.02)
        times = np.exp(sigma * rng.normal(size=(1000, n)))
        assert _coverage(times, true_mean, is_amount=True) == pytest.approx(0.95, abs=0.03)


def _coverage(samples: NDArray[np.float64], truth: float, *, is_amount: bool) -> float:
    estimates = [mean_interval(row, is_amount=is_amount) for row in samples.tolist()]
    hits = [
        e.low is not None and e.high is not None and e.low <= truth <= e.high for e in estimates
    ]
    return float(np.mean(hits))


def test_a_geometric_mean_over_tasks_is_paired_by_seed() -> None:
    fast, slow = {0: 0.5, 1: 0.4, 2: 0.6}, {0: 2.0, 1: 2.5, 2: 5 / 3}
    found = geometric_mean([fast, slow])
    assert found is not None
    assert (found.n, found.kind) == (3, "range")
    assert found.mean == pytest.approx(1.0)
    assert (found.low, found.high) == pytest.approx((1.0, 1.0))
    assert geometric_mean([fast, {}]) is None
    assert geometric_mean([]) is None


def test_comparisons_with_other_seeds_keep_all_of_them() -> None:
    pair = [{seed: math.exp(0.1 * seed) for seed in range(5)} for _ in range(2)]  # mean log 0.2
    other = {seed: math.exp(0.2 * (seed % 2)) for seed in range(5, 15)}  # mean log 0.1
    found = geometric_mean([*pair, other])
    assert found is not None
    assert found.high is not None
    assert math.log(found.mean) == pytest.approx((2 * 0.2 + 0.1) / 3)
    of_pair, of_other = (2 / 3) ** 2 * 0.025 / 5, (1 / 3) ** 2 * (0.1 / 9) / 10
    freedom = (of_pair + of_other) ** 2 / (of_pair**2 / 4 + of_other**2 / 9)
    half = t.ppf(0.975, freedom) * math.sqrt(of_pair + of_other)
    assert math.log(found.high / found.mean) == pytest.approx(half)
    assert (found.n, found.kind) == (5, "log-t")
    few = geometric_mean([{0: 1.0, 1: 4.0}, {2: 1.0}])
    assert few is not None
    assert few.mean == pytest.approx(math.sqrt(2.0))
    assert (few.low, few.n) == (None, 1)


@given(st.lists(st.floats(0.2, 5.0), min_size=FEWEST, max_size=9))
def test_a_geometric_mean_of_one_comparison_is_that_of_its_ratios(values: list[float]) -> None:
    found = geometric_mean([dict(enumerate(values))])
    logs = [math.log(value) for value in values]
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert math.log(found.mean) == pytest.approx(np.mean(logs), abs=1e-12)
    half = float(t.ppf(0.975, len(logs) - 1)) * stdev(logs) / math.sqrt(len(logs))
    assert math.log(found.high / found.low) == pytest.approx(2 * half, abs=1e-9)
