"""Statistics over seeds: ranges and intervals, paired differences and ratios, p values.

Arms use common random numbers: a seed draws the same cohorts, devices and trace offsets in every
arm. Differences and ratios are therefore paired by seed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Literal

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
FEWEST = 5
"""Seeds from which on an interval is computed; fewer have a range."""

_MOST_REPLICATIONS = 1_000_000

IntervalKind = Literal["none", "range", "t", "log-t"]
"""What bounds an estimate: nothing (one seed), least and greatest value, Student's t, t on logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An estimate over n seeds with its bounds, which are None for a single seed.

    kind: what the bounds are; a range has no confidence. p: two-sided p value of a comparison,
    None for fewer than FEWEST seeds and where nothing is compared.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    kind: IntervalKind = "none"
    p: float | None = None


def mean_interval(values: Sequence[float], *, is_amount: bool = False) -> Estimate:
    """Return the mean with its range (fewer than FEWEST values) or its interval.

    The interval is Student's. is_amount: for positive, skewed values such as times it is Student's
    on the logarithms, for the mean of a log-normal distribution (Olsson, J. Stat. Educ. 13:1,
    2005). Raises ValueError for an empty sequence.
    """
    if not values:
        raise ValueError("a mean needs at least one value")
    mean, n = fmean(values), len(values)
    if n < FEWEST:
        return _ranged(mean, values)
    if is_amount and min(values) > 0:
        logs = [math.log(value) for value in values]
        variance = stdev(logs) ** 2
        error = math.sqrt(variance / n + variance**2 / (2 * (n - 1)))
        middle, half = fmean(logs) + variance / 2, _quantile(n - 1) * error
        low, high = math.exp(middle - half), math.exp(middle + half)
        return Estimate(mean=mean, low=min(low, mean), high=max(high, mean), n=n, kind="log-t")
    half = _quantile(n - 1) * stdev(values) / math.sqrt(n)
    return Estimate(mean=mean, low=mean - half, high=mean + half, n=n, kind="t")


def mean_band(
    curves: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return pointwise mean, low and high of curves (n_seeds, n_points).

    The range of fewer than FEWEST seeds, otherwise Student's interval of each point alone, not
    simultaneous. low = mean = high for a single seed.
    """
    mean, n = curves.mean(axis=0), len(curves)
    if n < FEWEST:
        return mean, curves.min(axis=0), curves.max(axis=0)
    half = _quantile(n - 1) * curves.std(axis=0, ddof=1) / math.sqrt(n)
    return mean, mean - half, mean + half


def paired_difference(one: Mapping[int, float], other: Mapping[int, float]) -> Estimate | None:
    """Mean of one - other, paired by seed (the keys); None without a common seed.

    Its p value is that of the paired t test.
    """
    common = sorted(one.keys() & other.keys())
    if not common:
        return None
    values = [one[seed] - other[seed] for seed in common]
    return replace(mean_interval(values), p=_p_of_zero(fmean(values), values))


def speed_up(base: Mapping[int, float], arm: Mapping[int, float]) -> Estimate | None:
    """Ratio of mean amounts, base / arm, over the common seeds.

    `mean` is the ratio R of the means, not the mean of the ratios. The interval is R exp(+- t s /
    sqrt(n)) with s the standard deviation of x / mean(x) - y / mean(y) over the pairs (x, y): to
    first order the error of log R. Fewer than FEWEST seeds have the range of their own ratios. None
    without a common seed or if an amount of the arm is 0.
    """
    common = sorted(base.keys() & arm.keys())
    if not common or not all(arm[seed] > 0 for seed in common):
        return None
    above, below = (fmean(times[seed] for seed in common) for times in (base, arm))
    ratio, n = above / below, len(common)
    if n < FEWEST:
        return _ranged(ratio, [base[seed] / arm[seed] for seed in common])
    if not ratio:
        return Estimate(mean=ratio, low=ratio, high=ratio, n=n, kind="log-t")
    errors = [base[seed] / above - arm[seed] / below for seed in common]
    half = _quantile(n - 1) * stdev(errors) / math.sqrt(n)
    return Estimate(
        mean=ratio,
        low=ratio * math.exp(-half),
        high=ratio * math.exp(half),
        n=n,
        kind="log-t",
        p=_p_of_zero(math.log(ratio), errors),
    )


def geometric_mean(ratios: Sequence[Mapping[int, float]]) -> Estimate | None:
    """Geometric mean over several comparisons (tasks, say) of their ratios by seed.

    Comparisons with the same seeds are paired by seed: each seed has one geometric mean over them.
    Those with other seeds count as independent (Satterthwaite, Biometrics Bull. 2:110, 1946). The
    interval is Student's on the logarithms; with fewer than FEWEST seeds it is the range of the
    seeds' means, or nothing if the seeds differ. p is that of a ratio of 1. `n` is the least number
    of seeds. None without comparisons or for one without a seed.
    """
    groups = defaultdict[frozenset[int], list[Mapping[int, float]]](list)
    for by_seed in ratios:
        groups[frozenset(by_seed)].append(by_seed)
    fewest = min(map(len, groups), default=0)
    if not fewest:
        return None
    logs = {
        seeds: [fmean(math.log(by_seed[seed]) for by_seed in own) for seed in sorted(seeds)]
        for seeds, own in groups.items()
    }
    shares = {seeds: len(own) / len(ratios) for seeds, own in groups.items()}
    mean = math.fsum(share * fmean(logs[seeds]) for seeds, share in shares.items())
    if fewest < FEWEST:
        if len(groups) > 1:
            return Estimate(mean=math.exp(mean), low=None, high=None, n=fewest)
        return _ranged(math.exp(mean), [math.exp(value) for value in logs[frozenset(ratios[0])]])
    variances = {
        seeds: (share * stdev(logs[seeds])) ** 2 / len(seeds) for seeds, share in shares.items()
    }
    variance = math.fsum(variances.values())
    spread = math.fsum(own**2 / (len(seeds) - 1) for seeds, own in variances.items())
    freedom = variance**2 / spread if spread else fewest - 1.0
    half = _quantile(freedom) * math.sqrt(variance)
    low, high = math.exp(mean - half), math.exp(mean + half)
    p = _p(mean, math.sqrt(variance), freedom)
    return Estimate(mean=math.exp(mean), low=low, high=high, n=fewest, kind="log-t", p=p)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p values for their number (Holm, Scand. J. Stat. 6:65, 1979); None stays None.

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, (p, i) in enumerate(known):
        least = max(least, min(1.0, (len(known) - rank) * p))
        corrected[i] = least
    return corrected


def _ranged(mean: float, values: Sequence[float]) -> Estimate:
    if len(values) == 1:
        return Estimate(mean=mean, low=None, high=None, n=1)
    return Estimate(mean=mean, low=min(values), high=max(values), n=len(values), kind="range")


def _quantile(freedom: float) -> float:
    """The quantile of Student's t with these degrees of freedom that bounds an interval."""
    from scipy.stats import t

    return float(t.ppf((1 + CONFIDENCE) / 2, freedom))


def _p_of_zero(mean: float, values: Sequence[float]) -> float | None:
    """Two-sided p value of a true mean of 0, from the spread of the values; None for a few."""
    n = len(values)
    return None if n < FEWEST else _p(mean, stdev(values) / math.sqrt(n), n - 1)


def _p(mean: float, error: float, freedom: float) -> float:
    """Two-sided p value of a true mean of 0, from the standard error of the mean."""
    from scipy.stats import t

    if error <= 1e-12 * abs(mean) or not error:
        return 0.0 if mean else 1.0
    return float(2 * t.sf(abs(mean) / error, freedom))


def replications_needed(values: Sequence[float], half_width: float) -> int | None:
    """Return how many seeds an interval of +- half_width needs (Student's t).

    Uses the standard deviation of `values`; None for a single value. Raises ValueError for a
    half_width that is not above 0 or that needs more than a million seeds.
    """
    if half_width <= 0:
        raise ValueError(f"half_width must be above 0, got {half_width:g}")
    if len(values) < 2:
        return None
    spread = stdev(values)

    def is_enough(n: int) -> bool:
        return _quantile(n - 1) * spread / math.sqrt(n) <= half_width

    low, high = 1, 2  # the least n >= 2 that is enough, by bisection
    while not is_enough(high):
        low, high = high, 2 * high
        if low > _MOST_REPLICATIONS:
            raise ValueError(f"half_width needs more than {_MOST_REPLICATIONS:,} seeds")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
