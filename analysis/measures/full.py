"""Full fine-tuning arms, the baseline of speed-ups."""

from __future__ import annotations

from analysis.reading.study import Study

from .crossing import Crossing, cost_to_accuracy, highest_reached


def full_arms(study: Study) -> tuple[str, ...]:
    """Return the arms whose every round is full fine-tuning, whatever their names."""
    return tuple(arm for arm in study.arms if all(run.is_full for run in study.runs_of(arm)))


def fastest_full(study: Study, target: float, kind: Crossing = "sustained") -> str | None:
    """Return the full fine-tuning arm with the least mean time to the target, or None."""
    costs = {arm: cost_to_accuracy(study.runs_of(arm), target, kind) for arm in full_arms(study)}
    reached = {arm: cost.hours for arm, cost in costs.items() if cost is not None}
    return min(reached, key=lambda arm: reached[arm], default=None)


def full_highest(study: Study, kind: Crossing = "sustained") -> float | None:
    """Return the highest target that a full fine-tuning arm reached in all its runs, or None."""
    levels = []
    for arm in full_arms(study):
        maxima = [highest_reached(run, kind) for run in study.runs_of(arm)]
        reached = [level for level in maxima if level is not None]
        if len(reached) == len(maxima):
            levels.append(min(reached))
    return max(levels, default=None)
