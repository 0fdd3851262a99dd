"""The best of several arms at a target, chosen in hindsight."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.reading.study import Study

from .crossing import Crossing, cost_to_accuracy


def best_in_hindsight(
    study: Study, arms: Sequence[str], target: float, kind: Crossing = "sustained"
) -> str | None:
    """Return the arm with the least mean time to the target, or None.

    All seeds of the arm must reach the target; ties go to the first arm. No policy can know this
    arm before the runs.
    """
    costs = {arm: cost_to_accuracy(study.runs_of(arm), target, kind) for arm in arms}
    hours = {arm: cost.hours for arm, cost in costs.items() if cost is not None}
    return min(hours, key=lambda arm: hours[arm], default=None)
