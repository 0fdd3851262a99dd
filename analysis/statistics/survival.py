"""Amounts until a target, some of them censored: Kaplan-Meier curve, median, restricted mean.

A run that ended without reaching its target says only that the true amount is larger than what it
had spent by then: a right-censored observation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from .estimates import Estimate, mean_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The amount, such as seconds or bytes, that a seed spent until the target.

    If it did not reach the target: what it had spent at its end, a right-censored amount.
    """

    amount: float
    is_reached: bool


def common_limit(observations: Iterable[Observation]) -> float:
    """Return the smallest censored amount; without censoring, the largest amount.

    Up to this limit every seed was observed. Arms are compared up to one limit for all of them.
    """
    known = list(observations)
    censored = [one.amount for one in known if not one.is_reached]
    return min(censored) if censored else max(one.amount for one in known)


def restricted_mean(observations: Sequence[Observation], limit: float) -> Estimate:
    """Restricted mean: the mean of min(amount, limit), the area below Kaplan and Meier's curve.

    Royston and Parmar, BMC Med. Res. Methodol. 13:152, 2013. Raises ValueError if a seed was
    censored below the limit.
    """
    for one in observations:
        if not one.is_reached and one.amount < limit:
            raise ValueError(
                f"limit must be at most {one.amount:g}, the end of a run that did not reach its "
                f"target, got {limit:g}"
            )
    return mean_interval([min(one.amount, limit) for one in observations])


def kaplan_meier(observations: Sequence[Observation]) -> pl.DataFrame:
    """Return columns amount, share: seeds that have not reached the target after each amount.

    Kaplan and Meier, J. Am. Stat. Assoc. 53:457, 1958. The share (0-1) holds from its amount on; it
    says nothing beyond the last amount.
    """
    from scipy.stats import CensoredData, ecdf

    reached = [one.amount for one in observations if one.is_reached]
    ended = [one.amount for one in observations if not one.is_reached]
    survival = ecdf(CensoredData(uncensored=reached, right=ended)).sf
    return pl.DataFrame({"amount": survival.quantiles, "share": survival.probabilities})


def median_amount(observations: Sequence[Observation]) -> float | None:
    """Return the least amount by which half of the seeds had reached the target, or None.

    Read off Kaplan and Meier's curve: None if more than half of it is left at the last amount.
    """
    curve = kaplan_meier(observations).filter(pl.col("share") <= 0.5 + 1e-12)
    return None if curve.is_empty() else float(curve["amount"][0])
