"""Summary of a study in sentences, from the numbers of the table of targets.

An arm is called the first or the best only where the seeds tell it from every other arm: at least
five of them, and p values below 0.05 after Holm's correction.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from analysis.measures import Crossing, best_accuracy, best_arm, best_of_run
from analysis.reading.study import Study
from analysis.statistics.estimates import FEWEST, Estimate, holm, paired_difference, speed_up
from analysis.tables.target_row import costs_of
from analysis.tables.text import duration

Row = dict[str, Any]
SIGNIFICANT = 0.05


def summary(study: Study, rows: Sequence[Row]) -> list[str]:
    """Return one sentence on the best accuracy, then one per target in the table's order."""
    measured = [row for row in rows if row["arm"] in study.arms]
    targets = groupby(measured, key=lambda row: str(row["target"]))
    return [_best(study), *(_target(study, target, list(group)) for target, group in targets)]


def _best(study: Study) -> str:
    best = best_arm(study)
    if best is None:
        return "No arm has three evaluations yet, so there is no best accuracy."
    arm, accuracy = best
    others = [a for a in study.arms if a != arm and (best_accuracy(study.runs_of(a)) or 0) > 0]
    if not others:
        return f"{arm} reaches {accuracy:.1%}{_averaged(study)}."
    following = max(others, key=lambda a: best_accuracy(study.runs_of(a)) or 0)
    second = best_accuracy(study.runs_of(following)) or 0.0
    own = _best_by_seed(study, arm)
    told = _told([paired_difference(own, _best_by_seed(study, other)) for other in others])
    doubt = "" if all(told) else f" ({_doubt(len(own))})"
    return (
        f"{arm} has the highest accuracy, {accuracy:.1%}{_averaged(study)}; "
        f"{following} follows with {second:.1%}{doubt}."
    )


def _averaged(study: Study) -> str:
    is_exact = all(run.learner == "curve" for run in study.runs)
    return "" if is_exact else " (mean of three evaluations)"


def _best_by_seed(study: Study, arm: str) -> dict[int, float]:
    best = {run.seed: best_of_run(run) for run in study.runs_of(arm)}
    return {seed: accuracy for seed, accuracy in best.items() if accuracy is not None}


def _target(study: Study, target: str, rows: Sequence[Row]) -> str:
    reached = sorted((r for r in rows if r["hours"] is not None), key=lambda r: float(r["hours"]))
    missed = [str(row["arm"]) for row in rows if row["hours"] is None]
    if not reached:
        return f"{target}: reached by no arm."
    first, *later = reached
    told = _told([_ratio(study, first, row) for row in later])
    is_first = bool(later) and all(told)
    lead = "first" if is_first else "least time"
    words = [f"{target}: {lead} {first['arm']} after {duration(first['hours'] * 3600)}"]
    words += [_later(row, first, is_told) for row, is_told in zip(later, told, strict=True)]
    if later and not is_first:
        words.append(_doubt(first["n_seeds"]))
    if missed:
        words.append(f"not reached by {', '.join(missed)}")
    return "; ".join(words) + "."


def _ratio(study: Study, first: Row, row: Row) -> Estimate | None:
    """How much longer the arm of a row takes than the first, paired by seed."""
    return speed_up(_hours_by_seed(study, row), _hours_by_seed(study, first))


def _hours_by_seed(study: Study, row: Row) -> dict[int, float]:
    crossing: Crossing = row["crossing"]
    costs = costs_of(study.runs_of(row["arm"]), row["target_accuracy"], crossing)
    return {seed: cost.hours for seed, cost in costs.items()}


def _told(comparisons: Sequence[Estimate | None]) -> list[bool]:
    """Whether the seeds tell each arm from the first, after Holm."""
    p_values = holm([None if one is None else one.p for one in comparisons])
    return [p is not None and p < SIGNIFICANT for p in p_values]


def _doubt(n_seeds: int) -> str:
    if n_seeds == 1:
        return "a single seed does not show which is first"
    if n_seeds < FEWEST:
        return f"{n_seeds} seeds are too few to show which is first"
    return "=: may be chance, the seeds do not tell it apart"


def _later(row: Row, first: Row, is_told: bool) -> str:
    text = f"{row['arm']} {duration(row['hours'] * 3600)}"
    if not first["hours"]:
        return text
    mark = " =" if first["n_seeds"] >= FEWEST and not is_told else ""
    return f"{text} ({row['hours'] / first['hours']:.3g} × as long{mark})"
