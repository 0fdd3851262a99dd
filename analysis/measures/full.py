"""Full fine-tuning arms, the baseline of speed-ups."""

from __future__ import annotations

from analysis.reading.study import Study

from .crossing import cost_to_accuracy
from .curve import accuracy_curve, highest


def full_arms(study: Study) -> tuple[str, ...]:
    """Return the arms whose every round is full fine-tuning, whatever their names."""
    return tuple(arm for arm in study.arms if all(run.is_full for run in study.runs_of(arm)))


def fastest_full(study: Study, target: float) -> str | None:
    """Return the full fine-tuning arm that reaches the target first, or None."""
    costs = {arm: cost_to_accuracy(study.runs_of(arm), target) for arm in full_arms(study)}
    reached = {arm: cost.hours for arm, cost in costs.items() if cost is not None}
    return min(reached, key=lambda arm: reached[arm], default=None)


def full_hours(study: Study, target: float) -> float | None:
    """Return the hours of the fastest full fine-tuning arm to the target, or None."""
    arm = fastest_full(study, target)
    cost = None if arm is None else cost_to_accuracy(study.runs_of(arm), target)
    return None if cost is None else cost.hours


def full_highest(study: Study) -> float | None:
    """Return the highest accuracy that a full fine-tuning arm reached in all its runs, or None."""
    levels = []
    for arm in full_arms(study):
        maxima = [highest(accuracy_curve(run)["accuracy"]) for run in study.runs_of(arm)]
        reached = [level for level in maxima if level is not None]
        if len(reached) == len(maxima):
            levels.append(min(reached))
    return max(levels, default=None)
