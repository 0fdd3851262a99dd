"""Statistics over seeds: confidence intervals, paired differences, ratios.

Arms use common random numbers: a seed draws the same cohorts, devices and trace offsets in every
arm. Differences and ratios are therefore paired by seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
_RESAMPLES = 9999
_BAND_RESAMPLES = 999
_BLOCK_POINTS = 1000  # points resampled at once: tens of megabytes
_MOST_REPLICATIONS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over n seeds with the bounds of its interval; the bounds of a single seed are None."""

    mean: float
    low: float | None
    high: float | None
    n: int

    @property
    def is_single(self) -> bool:
        """Whether it is of one seed, so that nothing is known about the variation between seeds."""
        return self.n == 1


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Return the mean and its percentile bootstrap interval (Efron 1979), with a fixed random seed.

    With fewer than about ten values the interval is too narrow; docs/metrics.md gives its coverage.
    Raises ValueError for an empty sequence.
    """
    if not values:
        raise ValueError("a mean needs at least one value")
    low, high = _bootstrap((np.asarray(values, dtype=float),), np.mean, confidence)
    return Estimate(mean=fmean(values), low=low, high=high, n=len(values))


def mean_band(
    curves: NDArray[np.float64], confidence: float = CONFIDENCE
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return pointwise mean, low and high of curves (n_seeds, n_points).

    The interval is for each point alone, not simultaneous. low = mean = high for a single seed.
    """
    mean = curves.mean(axis=0)
    if len(curves) == 1:
        return mean, mean, mean
    picks = np.random.default_rng(0).integers(0, len(curves), (_BAND_RESAMPLES, len(curves)))
    bounds = ((1 - confidence) / 2, (1 + confidence) / 2)
    blocks = np.array_split(curves, max(1, curves.shape[1] // _BLOCK_POINTS), axis=1)
    parts = [np.quantile(block[picks].mean(axis=1), bounds, axis=0) for block in blocks]
    low, high = np.concatenate(parts, axis=1)
    return mean, low, high


def paired_difference(
    one: Mapping[int, float], other: Mapping[int, float], confidence: float = CONFIDENCE
) -> Estimate | None:
    """Mean of one - other, paired by seed (the keys); None without a common seed."""
    common = sorted(one.keys() & other.keys())
    if not common:
        return None
    return mean_interval([one[seed] - other[seed] for seed in common], confidence)


def speed_up(
    base: Mapping[int, float], arm: Mapping[int, float], confidence: float = CONFIDENCE
) -> Estimate | None:
    """Ratio of mean times, base / arm, over the common seeds; both are resampled together.

    `mean` is the ratio of the means, not the mean of the ratios. None without a common seed or if
    the mean of the arm is 0.
    """
    common = sorted(base.keys() & arm.keys())
    above, below = (np.array([times[seed] for seed in common]) for times in (base, arm))
    if not common or not below.mean():
        return None
    low, high = _bootstrap((above, below), _ratio_of_means, confidence)
    return Estimate(mean=float(above.mean() / below.mean()), low=low, high=high, n=len(common))


def replications_needed(
    values: Sequence[float], half_width: float, confidence: float = CONFIDENCE
) -> int | None:
    """Return how many seeds an interval of +- half_width needs (Student's t).

    Uses the standard deviation of `values`; None for a single value. Raises ValueError for a
    half_width that is not above 0 or that needs more than a million seeds.
    """
    from scipy.stats import t

    if half_width <= 0:
        raise ValueError(f"half_width must be above 0, got {half_width:g}")
    if len(values) < 2:
        return None
    spread = stdev(values)

    def is_enough(n: int) -> bool:
        quantile = float(t.ppf((1 + confidence) / 2, n - 1))
        return quantile * spread / math.sqrt(n) <= half_width

    return _first(is_enough)


def _first(is_enough: Callable[[int], bool]) -> int:
    """The least n >= 2 for which the monotone condition holds, by bisection."""
    low, high = 1, 2
    while not is_enough(high):
        low, high = high, 2 * high
        if low > _MOST_REPLICATIONS:
            raise ValueError(f"half_width needs more than {_MOST_REPLICATIONS:,} seeds")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _ratio_of_means(
    above: NDArray[np.float64], below: NDArray[np.float64], axis: int = -1
) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.mean(above, axis=axis) / np.mean(below, axis=axis)
    return ratio


def _bootstrap(
    samples: tuple[NDArray[np.float64], ...], statistic: Any, confidence: float
) -> tuple[float | None, float | None]:
    """Bounds of the statistic; None for one seed, the statistic itself if nothing varies."""
    from scipy.stats import bootstrap

    if len(samples[0]) == 1:
        return None, None
    if all(np.ptp(sample) == 0 for sample in samples):
        level = float(statistic(*samples))
        return level, level
    interval = bootstrap(
        samples,
        statistic,
        paired=True,
        vectorized=True,
        method="percentile",  # the correction of BCa is undefined for samples that hardly vary
        n_resamples=_RESAMPLES,
        confidence_level=confidence,
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(interval.low), float(interval.high)
