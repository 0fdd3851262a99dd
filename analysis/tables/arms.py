"""The table of arms: mean over seeds with an interval, and the comparison with a reference arm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from analysis.measures import Crossing, best_in_hindsight, full_arms
from analysis.reading.arms import baseline_at, check_baseline, point_of, series_of
from analysis.reading.study import Study
from analysis.statistics.estimates import (
    Estimate,
    holm,
    mean_interval,
    paired_difference,
    replications_needed,
    speed_up,
)
from analysis.statistics.survival import (
    Observation,
    common_limit,
    median_amount,
    restricted_mean,
)

from .runs import Quantity, run_frame

WANTED_WIDTH = 0.1
"""Half width of the interval for `n_needed`, as a share of the mean."""


def arm_frame(
    study: Study,
    quantity: Quantity,
    target: float | None = None,
    reference: str | None = None,
    crossing: Crossing = "sustained",
) -> pl.DataFrame:
    """Return one row per arm, in the study's order.

    Columns: arm, n_seeds, n_reached, mean, low, high, is_lower_bound, ratio, ratio_low, ratio_high,
    n_common, difference, difference_low, difference_high, n_needed, limit, restricted,
    restricted_low, restricted_high, median, interval, p, p_holm.

    limit: the smallest amount that a run of any arm had spent when it ended without reaching the
    target; null if all runs reached it. restricted: the restricted mean up to this limit, the same
    for all arms. median: Kaplan and Meier's, null if fewer than half of the seeds reached the
    target. interval: what `low` and `high` are (IntervalKind). p: of the ratio to the reference for
    amounts to a target, else of the difference; p_holm: corrected over the arms after Holm. If some
    seeds of an arm did not reach it, `mean` is the restricted mean, and
    `is_lower_bound` is true. ratio = reference / arm and difference
    = arm - reference, paired by seed over the n_common seeds for which both are known. n_needed:
    seeds for an interval of +- 10 % of the mean. Bounds and n_needed are null for a single seed.
    reference: an arm, or a name of the study's `hindsight`, whose arm is chosen for each seed on
    the others, by time to the target; without its coordinates, the one at the same point. Raises
    ValueError for another name.
    """
    if reference is not None:
        check_baseline(study, reference)
    rows = run_frame(study, target, crossing)
    limit = _limit(rows, quantity)
    reference = reference or default_reference(study)
    names = {arm: baseline_at(study, reference, point_of(study, arm)) for arm in study.arms}
    bases = {
        name: _base(study, rows, name, quantity, target, crossing)
        for name in dict.fromkeys(names.values())
    }
    arms = [_arm(rows, arm, quantity, bases[names[arm]], limit) for arm in study.arms]
    compared = [None if arm["arm"] == names[arm["arm"]] else arm["p"] for arm in arms]
    arms = [
        arm | {"p": p, "p_holm": q}
        for arm, p, q in zip(arms, compared, holm(compared), strict=True)
    ]
    return pl.DataFrame(arms, schema=_SCHEMA)


def default_reference(study: Study) -> str:
    """Return the first full fine-tuning arm; without one, the first arm.

    In a study whose arms lie at different points of its axes: its name without coordinates, which
    means the arm of this name at the same point.
    """
    first = (full_arms(study) or study.arms)[0]
    point = point_of(study, first)
    is_at_one_point = all(point_of(study, arm) == point for arm in study.arms)
    return first if is_at_one_point else series_of(first, point) or first


def _base(
    study: Study,
    rows: pl.DataFrame,
    reference: str | None,
    quantity: Quantity,
    target: float | None,
    crossing: Crossing,
) -> dict[int, float]:
    """By seed, the known values of the arm that others are compared with; {} without an arm."""
    if reference is None:
        return {}
    if reference in study.arms:
        return _values(rows, reference, quantity)
    if target is None:
        return {}
    chosen = best_in_hindsight(study, study.hindsight[reference], target, crossing)
    of_arms = {run.arm: _values(rows, run.arm, quantity) for run in chosen.values() if run}
    return {
        seed: of_arms[run.arm][seed]
        for seed, run in chosen.items()
        if run is not None and seed in of_arms[run.arm]
    }


_COLUMNS = (
    *("arm", "n_seeds", "n_reached", "mean", "low", "high", "is_lower_bound"),
    *("ratio", "ratio_low", "ratio_high", "n_common"),
    *("difference", "difference_low", "difference_high", "n_needed"),
    *("limit", "restricted", "restricted_low", "restricted_high", "median", "interval"),
    *("p", "p_holm"),
)
_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(_COLUMNS, pl.Float64),
    **dict.fromkeys(("n_seeds", "n_reached", "n_common", "n_needed"), pl.Int64),
    **dict.fromkeys(("arm", "interval"), pl.String),
    "is_lower_bound": pl.Boolean,
}


def _arm(
    rows: pl.DataFrame,
    arm: str,
    quantity: Quantity,
    base: Mapping[int, float],
    limit: float | None,
) -> dict[str, Any]:
    own = rows.filter(pl.col("arm") == arm)
    values = _values(rows, arm, quantity)
    is_whole = len(values) == len(own)
    observed = _observations(own, quantity)
    restricted = None if limit is None else restricted_mean(observed, limit)
    estimate = (
        mean_interval(list(values.values()), is_amount=bool(observed)) if is_whole else restricted
    )
    ratio = speed_up(base, values)
    difference = paired_difference(values, base)
    compared = ratio if observed else difference
    return {
        "arm": arm,
        "n_seeds": len(own),
        "n_reached": len(values),
        **_bounds("", estimate),
        "is_lower_bound": not is_whole and estimate is not None,
        **_bounds("ratio", ratio),
        "n_common": 0 if ratio is None else ratio.n,
        **_bounds("difference", difference),
        "n_needed": _needed(values) if is_whole else None,
        "limit": limit,
        **_bounds("restricted", restricted),
        "median": median_amount(observed) if observed else None,
        "interval": "none" if estimate is None else estimate.kind,
        "p": None if compared is None else compared.p,
    }


def _values(rows: pl.DataFrame, arm: str, quantity: Quantity) -> dict[int, float]:
    """The known values of the quantity, by seed."""
    known = rows.filter(pl.col("arm") == arm).select("seed", quantity.column).drop_nulls()
    return {seed: float(value) for seed, value in known.rows()}


def _limit(rows: pl.DataFrame, quantity: Quantity) -> float | None:
    """The limit of restricted means for all arms; None if every run reached the target."""
    observed = _observations(rows, quantity)
    if all(one.is_reached for one in observed):
        return None
    return common_limit(observed)


def _observations(rows: pl.DataFrame, quantity: Quantity) -> list[Observation]:
    """Amounts to the target, censored at the ends of runs; none for a quantity without a target."""
    if quantity.spent is None:
        return []
    pairs = rows.select(quantity.column, quantity.spent).rows()
    return [
        Observation(amount=float(spent if value is None else value), is_reached=value is not None)
        for value, spent in pairs
    ]


def _needed(values: Mapping[int, float]) -> int | None:
    known = list(values.values())
    half_width = WANTED_WIDTH * sum(known) / len(known) if known else 0.0
    return replications_needed(known, half_width) if half_width > 0 else None


def _bounds(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    keys = (name, f"{name}_low", f"{name}_high") if name else ("mean", "low", "high")
    if estimate is None:
        return dict.fromkeys(keys)
    return dict(zip(keys, (estimate.mean, estimate.low, estimate.high), strict=True))
