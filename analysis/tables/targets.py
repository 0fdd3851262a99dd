"""The table of targets: time, traffic and energy to target accuracies, per target and arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.measures import (
    Crossing,
    best_accuracy,
    best_arm,
    best_in_hindsight,
    check_target,
    fastest_full,
    full_highest,
    full_hours,
)
from analysis.reading.arms import baseline_at, check_baseline, listed, point_of
from analysis.reading.run import Run
from analysis.reading.study import Study
from analysis.statistics.estimates import holm

from .target_row import compared, costs_of, empty_row, target_row
from .text import percent, rounded_percent

LEVELS = (0.5, 0.6, 0.7)
"""Default absolute targets, accuracies 0-1."""

SHARES = (0.9, 0.95, 0.99)
"""Default relative targets, shares of the best accuracy of any arm."""

MAJORITY = "majority class"


@dataclass(frozen=True, slots=True)
class Target:
    """An accuracy (0-1) to reach, and its name in the table."""

    text: str
    accuracy: float


def targets(
    study: Study,
    levels: Sequence[float] | None = None,
    shares: Sequence[float] | None = None,
    crossing: Crossing = "sustained",
    share_of: str | None = None,
) -> list[Target]:
    """Return absolute levels, then shares of the best accuracy; LEVELS and SHARES by default.

    The best accuracy is that of the arm `share_of`, or else of any arm. If no target was asked for,
    full fine-tuning's highest is the last. Raises ValueError for a level or share that is not above
    0 and at most 1.
    """
    has_choice = levels is not None or shares is not None or share_of is not None
    highest = None if has_choice else full_highest(study, crossing)
    levels = LEVELS if levels is None else levels
    shares = SHARES if shares is None else shares
    for value in (*levels, *shares):
        check_target(value)
    chosen = [Target(percent(level), level) for level in levels]
    if share_of is None:
        name, best = "best", _accuracy_of(best_arm(study))
    else:
        name, best = share_of, best_accuracy(study.runs_of(share_of))
    if best is not None:
        chosen += [_share(share, best, name) for share in shares]
    if highest is not None:
        chosen.append(Target(f"highest of full ({rounded_percent(highest)})", highest))
    return chosen


def table_rows(
    study: Study,
    levels: Sequence[float] | None = None,
    shares: Sequence[float] | None = None,
    crossing: Crossing = "sustained",
    baseline: str | None = None,
    share_of: str | None = None,
) -> list[dict[str, Any]]:
    """Return one row per target and arm, with the keys of COLUMNS.

    Means are over the seeds of the arm; they are None unless all seeds reached the target
    (n_reached of n_seeds did). `_low` and `_high` bound them: `interval` says whether by a range
    (fewer than five seeds) or by Student's t on the logarithms; None for a single seed. `crossing`:
    how a target counts as reached. `speedup`: hours of the fastest full fine-tuning arm at the same
    point of the study's axes / hours of this arm. `trial_share`: mean share (0-1) of the clients'
    working time spent in branches that lost their trial. `excluded_share`: largest share (0-1) of
    the fleet without the memory for a configuration of the arm. `final` and `best`: accuracies
    (0-1), whatever the target. `target_accuracy` (0-1) is the target as a number.

    With a baseline, an arm or a name of the study's `hindsight`, or one of these without its
    coordinates, for the one at the same point: `ratio` = its hours / hours of this arm and
    `difference_hours` = hours of this arm - its hours, over the n_common seeds with which both
    reached the target; p of the ratio, and p_holm, corrected over the arms of a target after Holm.
    `share_of`: the relative targets are shares of this arm's best accuracy (default: of the best of
    any arm).

    Rows of the majority class give its accuracy as target. Rows in hindsight repeat for each seed
    the arm that was best on the other seeds, and name them. Raises ValueError for a target outside
    0-1 and for a baseline that the study does not have.
    """
    if share_of is not None and share_of not in study.arms:
        raise ValueError(
            f"{study.path}: has no arm {share_of!r} to take shares of; it has {listed(study.arms)}"
        )
    if baseline is not None:
        check_baseline(study, baseline)
    rows = [
        row
        for target in targets(study, levels, shares, crossing, share_of)
        for row in _rows_of_target(study, target, crossing, baseline)
    ]
    majority = sorted({r.majority_accuracy for r in study.runs if r.majority_accuracy is not None})
    return rows + [
        empty_row(MAJORITY, f"accuracy {rounded_percent(accuracy)}") for accuracy in majority
    ]


def _accuracy_of(best: tuple[str, float] | None) -> float | None:
    return None if best is None else best[1]


def _share(share: float, best: float, name: str) -> Target:
    return Target(f"{percent(share)} of {name} ({rounded_percent(share * best)})", share * best)


def _rows_of_target(
    study: Study, target: Target, crossing: Crossing, baseline: str | None
) -> list[dict[str, Any]]:
    """The rows of the arms and of those in hindsight, with p values corrected over all of them."""
    named = _named_runs(study, target, crossing)
    costs = {
        name: costs_of(runs, target.accuracy, crossing)
        for name, _, runs in named
        if runs is not None
    }
    hours = full_hours(study, target.accuracy, crossing)
    rows = []
    for name, label, runs in named:
        row = empty_row(label, target.text) | {"target_accuracy": target.accuracy}
        if runs is None:
            n_seeds = len({run.seed for run in study.runs})
            rows.append(row | {"n_seeds": n_seeds, "n_reached": 0, "crossing": crossing})
            continue
        point = point_of(study, name)
        full = fastest_full(study, hours, point)
        row |= target_row(runs, costs[name], crossing, None if full is None else costs[full])
        if baseline is not None:
            base = baseline_at(study, baseline, point)
            if base in costs and base != name:
                row |= compared(costs[name], costs[base], baseline)
        rows.append(row)
    corrected = holm([row["p"] for row in rows])
    return [row | {"p_holm": p} for row, p in zip(rows, corrected, strict=True)]


def _named_runs(
    study: Study, target: Target, crossing: Crossing
) -> list[tuple[str, str, Sequence[Run] | None]]:
    """Each arm, then each row in hindsight: name, label and runs; None if a seed has no run."""
    arms = [(arm, arm, study.runs_of(arm)) for arm in study.arms]
    return arms + [
        (name, *_in_hindsight(name, best_in_hindsight(study, own, target.accuracy, crossing)))
        for name, own in study.hindsight.items()
    ]


def _in_hindsight(name: str, chosen: Mapping[int, Run | None]) -> tuple[str, Sequence[Run] | None]:
    """The label of a row in hindsight, and its runs."""
    runs = [run for run in chosen.values() if run is not None]
    if not runs or len(runs) < len(chosen):
        return name, None
    if len(runs) == 1:
        return f"{name}, in hindsight: {runs[0].arm}", runs
    counts = Counter(run.arm for run in runs)
    listed = ", ".join(f"{arm} ({n} of {len(runs)})" for arm, n in counts.items())
    return f"{name}, in hindsight on the other seeds: {listed}", runs
