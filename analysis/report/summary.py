"""Summary of a study in sentences, from the numbers of the table of targets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from analysis.measures import best_accuracy, best_arm
from analysis.reading.study import Study
from analysis.tables.targets import MAJORITY
from analysis.tables.text import duration

Row = dict[str, Any]


def summary(study: Study, rows: Sequence[Row]) -> list[str]:
    """Return one sentence on the best accuracy, then one per target in the table's order."""
    measured = [row for row in rows if row["arm"] != MAJORITY]
    targets = groupby(measured, key=lambda row: str(row["target"]))
    return [_best(study), *(_target(target, list(group)) for target, group in targets)]


def _best(study: Study) -> str:
    best = best_arm(study)
    if best is None:
        return "No arm has three evaluations yet, so there is no best accuracy."
    arm, accuracy = best
    others = [a for a in study.arms if a != arm and (best_accuracy(study.runs_of(a)) or 0) > 0]
    if not others:
        return f"{arm} reaches {accuracy:.1%} (mean of three evaluations)."
    following = max(others, key=lambda a: best_accuracy(study.runs_of(a)) or 0)
    second = best_accuracy(study.runs_of(following)) or 0.0
    return (
        f"{arm} reaches the highest accuracy, {accuracy:.1%} (mean of three evaluations); "
        f"{following} follows with {second:.1%}."
    )


def _target(target: str, rows: Sequence[Row]) -> str:
    reached = sorted((r for r in rows if r["hours"] is not None), key=lambda r: float(r["hours"]))
    missed = [str(row["arm"]) for row in rows if row["hours"] is None]
    if not reached:
        return f"{target}: reached by no arm."
    first, *later = reached
    words = [f"{target}: first {first['arm']} after {duration(first['hours'] * 3600)}"]
    words += [_later(row, first) for row in later]
    if missed:
        words.append(f"not reached by {', '.join(missed)}")
    return "; ".join(words) + "."


def _later(row: Row, first: Row) -> str:
    text = f"{row['arm']} {duration(row['hours'] * 3600)}"
    return f"{text} ({row['hours'] / first['hours']:.3g} × as long)" if first["hours"] else text
