"""Time, traffic and energy to target accuracies: the rows of the table and their plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .load import Study
from .measures import best_arm, cost_to_accuracy, full_highest, full_hours

LEVELS = (0.5, 0.6, 0.7)
"""Default absolute targets, accuracies 0-1."""

SHARES = (0.9, 0.95, 0.99)
"""Default relative targets, shares of the best accuracy of any arm."""

MAJORITY = "majority class"
HEADERS = ("arm", "target", "time", "MB per client", "kJ per client", "speed-up")
_ABSENT = "–"


@dataclass(frozen=True, slots=True)
class Target:
    """An accuracy (0-1) to reach, and how the table names it."""

    text: str
    accuracy: float


def targets(
    study: Study, levels: Sequence[float] = LEVELS, shares: Sequence[float] = SHARES
) -> list[Target]:
    """Absolute levels, then shares of the best accuracy, then full fine-tuning's highest.

    Raises ValueError for a level or share that is not above 0 and at most 1.
    """
    for value in (*levels, *shares):
        if not 0 < value <= 1:
            raise ValueError(f"a target must be above 0 and at most 1, got {value:g}")
    chosen = [Target(percent(level), level) for level in levels]
    best, highest = best_arm(study), full_highest(study)
    if best is not None:
        chosen += [_share(share, best[1]) for share in shares]
    if highest is not None:
        chosen.append(Target(f"highest of full ({_short(highest)})", highest))
    return chosen


def table_rows(
    study: Study, levels: Sequence[float] = LEVELS, shares: Sequence[float] = SHARES
) -> list[dict[str, Any]]:
    """One row a target and arm: arm, target, hours, mbytes_per_client, kilojoules_per_client,
    speedup; None where not reached. Rows of the majority class show its accuracy as the target.

    `speedup` is the hours of the fastest full fine-tuning arm divided by the arm's. Raises
    ValueError for impossible targets.
    """
    rows = [
        _row(study, arm, target) for target in targets(study, levels, shares) for arm in study.arms
    ]
    majority = sorted({r.majority_accuracy for r in study.runs if r.majority_accuracy is not None})
    return rows + [_empty(MAJORITY, f"accuracy {_short(accuracy)}") for accuracy in majority]


def format_table(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Headers and cells for printing: "not reached" where a target was not."""
    return list(HEADERS), [_cells(row) for row in rows]


def caption(study: Study) -> str:
    """What the numbers are: seeds, clients, the best accuracy and whose, one clause each."""
    clauses = [seeds_text(study)]
    best = best_arm(study)
    if best is not None:
        clauses.append(f"best = {_short(best[1])} ({best[0]}, moving mean of 3 evaluations)")
    if any(run.learner == "curve" for run in study.runs):
        clauses.append("accuracy from a learning curve, not from training")
    unfinished = sum(not run.is_finished for run in study.runs)
    if unfinished:
        clauses.append(f"{unfinished} of {len(study.runs)} runs unfinished")
    return "; ".join(clauses)


def seeds_text(study: Study) -> str:
    """ "single seed", or how many seeds each arm's means are over."""
    counts = {arm: len(study.runs_of(arm)) for arm in study.arms}
    if set(counts.values()) == {1}:
        return "single seed"
    if len(set(counts.values())) == 1:
        return f"mean of {next(iter(counts.values()))} seeds where all of them reach the target"
    listed = ", ".join(f"{arm} {n}" for arm, n in counts.items())
    return f"mean over seeds where all of them reach the target ({listed})"


def percent(fraction: float) -> str:
    """A fraction as a percentage, to four digits: 0.5 -> "50 %"."""
    return f"{100 * fraction:.4g} %"


def duration(seconds: float) -> str:
    """Simulated time in the unit that reads best, to three digits: 93 s, 12.4 min, 3.2 h, 5 d."""
    for limit_s, unit_s, unit in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit_s:
            return f"{_digits(seconds / unit_s)} {unit}"
    return f"{_digits(seconds / 86400)} d"


def _share(share: float, best: float) -> Target:
    return Target(f"{percent(share)} of best ({_short(share * best)})", share * best)


def _row(study: Study, arm: str, target: Target) -> dict[str, Any]:
    row = _empty(arm, target.text)
    cost = cost_to_accuracy(study.runs_of(arm), target.accuracy)
    if cost is not None:
        base_hours = full_hours(study, target.accuracy)
        row["hours"] = cost.hours
        row["mbytes_per_client"] = cost.mbytes_per_client
        row["kilojoules_per_client"] = cost.kilojoules_per_client
        row["speedup"] = base_hours / cost.hours if base_hours and cost.hours else None
    return row


def _empty(arm: str, target: str) -> dict[str, Any]:
    measured = ("hours", "mbytes_per_client", "kilojoules_per_client", "speedup")
    return {"arm": arm, "target": target, **dict.fromkeys(measured)}


def _cells(row: Mapping[str, Any]) -> list[str]:
    names = [str(row["arm"]), str(row["target"])]
    if row["hours"] is None:
        return [*names, _ABSENT if row["arm"] == MAJORITY else "not reached", *[_ABSENT] * 3]
    speedup = _ABSENT if row["speedup"] is None else f"{_digits(row['speedup'])} ×"
    amounts = (row["mbytes_per_client"], row["kilojoules_per_client"])
    return [*names, duration(row["hours"] * 3600), *map(_digits, amounts), speedup]


def _short(accuracy: float) -> str:
    return f"{100 * accuracy:.1f} %"


def _digits(value: float) -> str:
    """Three digits, but never fewer than the whole part has."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
