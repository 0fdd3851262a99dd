"""Statistics over seeds: intervals, paired differences, ratios, restricted means, replications.

Arms are compared on common random numbers (one seed draws the same cohorts, devices and offsets in
every arm), so that differences are taken seed by seed before anything is averaged.
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
_BLOCK_POINTS = 1000  # resampled at once: tens of megabytes
_MOST_REPLICATIONS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over n seeds with the bounds of its interval; None where a single seed has none."""

    mean: float
    low: float | None
    high: float | None
    n: int

    @property
    def is_single(self) -> bool:
        """Whether it rests on one seed alone and claims nothing about others."""
        return self.n == 1


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """The mean and its percentile bootstrap interval (Efron 1979), the same for the same values.

    With fewer than about ten seeds the interval is too narrow: docs/metrics.md says by how much.
    Raises ValueError for no value.
    """
    if not values:
        raise ValueError("a mean needs at least one value")
    low, high = _bootstrap((np.asarray(values, dtype=float),), np.mean, confidence)
    return Estimate(mean=fmean(values), low=low, high=high, n=len(values))


def mean_band(
    curves: NDArray[np.float64], confidence: float = CONFIDENCE
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean, low and high of curves (n_seeds, n_points) point by point; low = mean = high for a
    single seed. The interval holds for each point by itself, not for the band as a whole."""
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
    """Mean of one - other over the seeds that both have (keys are seeds); None if there is none."""
    common = sorted(one.keys() & other.keys())
    if not common:
        return None
    return mean_interval([one[seed] - other[seed] for seed in common], confidence)


def speed_up(
    base: Mapping[int, float], arm: Mapping[int, float], confidence: float = CONFIDENCE
) -> Estimate | None:
    """Ratio of mean times, base / arm, over the seeds that both have, resampled seed by seed.

    `mean` holds the ratio of the means, not the mean of the ratios. None without a common seed or
    where the arm's mean is 0.
    """
    common = sorted(base.keys() & arm.keys())
    above, below = (np.array([times[seed] for seed in common]) for times in (base, arm))
    if not common or not below.mean():
        return None
    low, high = _bootstrap((above, below), _ratio_of_means, confidence)
    return Estimate(mean=float(above.mean() / below.mean()), low=low, high=high, n=len(common))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long one seed took, or, if it did not get there, how long it was watched (seconds)."""

    seconds: float
    is_reached: bool


def horizon_s(waits: Sequence[Waiting]) -> float:
    """The latest instant up to which every wait is known: the shortest watch of a seed that did
    not get there; where all did, the longest wait."""
    watched = [wait.seconds for wait in waits if not wait.is_reached]
    return min(watched) if watched else max(wait.seconds for wait in waits)


def restricted_mean_s(
    waits: Sequence[Waiting], until_s: float, confidence: float = CONFIDENCE
) -> Estimate:
    """Mean of min(wait, until_s): a seed that never got there counts as until_s instead of being
    dropped (Royston and Parmar, BMC Med. Res. Methodol. 13:152, 2013).

    Raises ValueError if a seed that did not get there was watched for less.
    """
    for wait in waits:
        if not wait.is_reached and wait.seconds < until_s:
            raise ValueError(
                f"until_s must be at most {wait.seconds:g}, up to where a run that did not "
                f"reach its target was watched, got {until_s:g}"
            )
    return mean_interval([min(wait.seconds, until_s) for wait in waits], confidence)


def replications_needed(
    values: Sequence[float], half_width: float, confidence: float = CONFIDENCE
) -> int | None:
    """How many seeds a mean needs for an interval of +- half_width (Student's t), judged by the
    spread of these; None for a single value, which has none.

    Raises ValueError for a width that is not above 0, or too narrow for a million seeds.
    """
    from scipy.stats import t

    if half_width <= 0:
        raise ValueError(f"a half width must be above 0, got {half_width:g}")
    if len(values) < 2:
        return None
    spread = stdev(values)

    def is_enough(n: int) -> bool:
        quantile = float(t.ppf((1 + confidence) / 2, n - 1))
        return quantile * spread / math.sqrt(n) <= half_width

    return _first(is_enough)


def _first(is_enough: Callable[[int], bool]) -> int:
    """The least n from 2 on, by bisection: enough stays enough."""
    low, high = 1, 2
    while not is_enough(high):
        low, high = high, 2 * high
        if low > _MOST_REPLICATIONS:
            raise ValueError(f"the width needs more than {_MOST_REPLICATIONS:,} seeds")
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
    """Bounds of the statistic; none for one seed, the statistic itself where nothing varies."""
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
        method="percentile",  # BCa's correction is undefined for samples that hardly vary
        n_resamples=_RESAMPLES,
        confidence_level=confidence,
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(interval.low), float(interval.high)
