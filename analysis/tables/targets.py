"""The table of targets: time, traffic and energy to target accuracies, per target and arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from analysis.measures import (
    Crossing,
    best_arm,
    best_in_hindsight,
    cost_to_accuracy,
    crossing_s,
    excluded_share,
    fastest_full,
    full_highest,
    trial_overhead,
)
from analysis.reading.run import Run
from analysis.reading.study import Study
from analysis.statistics.estimates import mean_interval, speed_up

from .text import percent, rounded_percent

LEVELS = (0.5, 0.6, 0.7)
"""Default absolute targets, accuracies 0-1."""

SHARES = (0.9, 0.95, 0.99)
"""Default relative targets, shares of the best accuracy of any arm."""

MAJORITY = "majority class"
COLUMNS = (
    *("arm", "target", "hours", "hours_low", "hours_high"),
    *("mbytes_per_client", "kilojoules_per_client"),
    *("speedup", "speedup_low", "speedup_high", "trial_share", "excluded_share"),
    *("n_seeds", "n_reached", "crossing"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """An accuracy (0-1) to reach, and its name in the table."""

    text: str
    accuracy: float


def targets(
    study: Study,
    levels: Sequence[float] = LEVELS,
    shares: Sequence[float] = SHARES,
    crossing: Crossing = "sustained",
) -> list[Target]:
    """Return absolute levels, then shares of the best accuracy, then full fine-tuning's highest.

    Raises ValueError for a level or share that is not above 0 and at most 1.
    """
    for value in (*levels, *shares):
        if not 0 < value <= 1:
            raise ValueError(f"a target must be above 0 and at most 1, got {value:g}")
    chosen = [Target(percent(level), level) for level in levels]
    best, highest = best_arm(study), full_highest(study, crossing)
    if best is not None:
        chosen += [_share(share, best[1]) for share in shares]
    if highest is not None:
        chosen.append(Target(f"highest of full ({rounded_percent(highest)})", highest))
    return chosen


def table_rows(
    study: Study,
    levels: Sequence[float] = LEVELS,
    shares: Sequence[float] = SHARES,
    crossing: Crossing = "sustained",
) -> list[dict[str, Any]]:
    """Return one row per target and arm, with the keys of COLUMNS.

    Means are over the seeds of the arm; they are None unless all seeds reached the target
    (n_reached of n_seeds did). `_low` and `_high` bound a 95 % bootstrap interval, None for a
    single seed. `speedup`: hours of the fastest full fine-tuning arm / hours of this arm, with an
    interval over the common seeds. `trial_share`: mean share (0-1) of the clients' working time
    spent in branches that lost their trial. `excluded_share`: largest share (0-1) of the fleet
    without the memory for a configuration of the arm.

    `crossing`: how a target counts as reached (analysis.measures.Crossing).

    Rows of the majority class give its accuracy as target. Rows in hindsight name the arm that they
    repeat. Raises ValueError for a target outside 0-1.
    """
    rows = [
        row
        for target in targets(study, levels, shares, crossing)
        for row in (
            *(_row(study, arm, target, crossing) for arm in study.arms),
            *(_hindsight_row(study, name, target, crossing) for name in study.hindsight),
        )
    ]
    majority = sorted({r.majority_accuracy for r in study.runs if r.majority_accuracy is not None})
    return rows + [
        _empty(MAJORITY, f"accuracy {rounded_percent(accuracy)}") for accuracy in majority
    ]


def _share(share: float, best: float) -> Target:
    return Target(f"{percent(share)} of best ({rounded_percent(share * best)})", share * best)


def _row(study: Study, arm: str, target: Target, crossing: Crossing) -> dict[str, Any]:
    runs = study.runs_of(arm)
    hours = _hours(runs, target.accuracy, crossing)
    row = _empty(arm, target.text) | {"n_seeds": len(runs), "n_reached": len(hours)}
    row["crossing"] = crossing
    row["trial_share"] = fmean(trial_overhead(run).seconds_share for run in runs)
    row["excluded_share"] = max(excluded_share(run) for run in runs)
    cost = cost_to_accuracy(runs, target.accuracy, crossing)
    if cost is None:
        return row
    interval = mean_interval(list(hours.values()))
    row |= {"hours": cost.hours, "hours_low": interval.low, "hours_high": interval.high}
    row |= {
        "mbytes_per_client": cost.mbytes_per_client,
        "kilojoules_per_client": cost.kilojoules_per_client,
    }
    base = fastest_full(study, target.accuracy, crossing)
    if base is not None and cost.hours:
        base_hours = _hours(study.runs_of(base), target.accuracy, crossing)
        row["speedup"] = fmean(base_hours.values()) / cost.hours
        ratio = speed_up(base_hours, hours)
        if ratio is not None:
            row |= {"speedup_low": ratio.low, "speedup_high": ratio.high}
    return row


def _hindsight_row(study: Study, name: str, target: Target, crossing: Crossing) -> dict[str, Any]:
    best = best_in_hindsight(study, study.hindsight[name], target.accuracy, crossing)
    if best is None:
        n_seeds = len({run.seed for run in study.runs})
        label, row = name, _empty(name, target.text) | {"n_seeds": n_seeds, "n_reached": 0}
        row["crossing"] = crossing
    else:
        label, row = f"{name}, in hindsight: {best}", _row(study, best, target, crossing)
    return row | {"arm": label}


def _hours(runs: Sequence[Run], accuracy: float, crossing: Crossing) -> dict[int, float]:
    """Hours to the accuracy by seed, for the runs that reached it."""
    crossed = {run.seed: crossing_s(run, accuracy, crossing) for run in runs}
    return {seed: seconds / 3600 for seed, seconds in crossed.items() if seconds is not None}


def _empty(arm: str, target: str) -> dict[str, Any]:
    return {"arm": arm, "target": target, **dict.fromkeys(COLUMNS[2:])}
