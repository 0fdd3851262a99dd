"""The best of several arms at a target, known only afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.reading.load import Study

from .crossing import cost_to_accuracy


def best_in_hindsight(study: Study, arms: Sequence[str], target: float) -> str | None:
    """The arm that all of whose seeds reach the target in the least mean time, ties to the first;
    None if there is none. An oracle picks it beforehand; nobody else can."""
    costs = {arm: cost_to_accuracy(study.runs_of(arm), target) for arm in arms}
    hours = {arm: cost.hours for arm, cost in costs.items() if cost is not None}
    return min(hours, key=lambda arm: hours[arm], default=None)
