"""Full fine-tuning arms, the baseline of speed-ups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.reading.arms import arms_at
from analysis.reading.study import Study

from .crossing import Crossing, cost_to_accuracy, highest_reached


def full_arms(study: Study) -> tuple[str, ...]:
    """Return the arms whose every round is full fine-tuning, whatever their names."""
    return tuple(arm for arm in study.arms if all(run.is_full for run in study.runs_of(arm)))


def full_hours(study: Study, target: float, kind: Crossing = "sustained") -> dict[str, float]:
    """Return the mean hours to the target of each full fine-tuning arm that reaches it."""
    costs = {arm: cost_to_accuracy(study.runs_of(arm), target, kind) for arm in full_arms(study)}
    return {arm: cost.hours for arm, cost in costs.items() if cost is not None}


def fastest_full(study: Study, hours: Mapping[str, float], point: Mapping[str, Any]) -> str | None:
    """Return the arm with the least of these hours at a point of the study's axes, or None."""
    return min(arms_at(study, hours, point), key=lambda arm: hours[arm], default=None)


def full_highest(study: Study, kind: Crossing = "sustained") -> float | None:
    """Return the highest target that a full fine-tuning arm reached in all its runs, or None."""
    levels = []
    for arm in full_arms(study):
        maxima = [highest_reached(run, kind) for run in study.runs_of(arm)]
        reached = [level for level in maxima if level is not None]
        if len(reached) == len(maxima):
            levels.append(min(reached))
    return max(levels, default=None)
