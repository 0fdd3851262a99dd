"""The best of several arms at a target, chosen for each seed on the other seeds."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.reading.run import Run
from analysis.reading.study import Study

from .crossing import Crossing, cost_to_accuracy


def best_in_hindsight(
    study: Study, arms: Sequence[str], target: float, kind: Crossing = "sustained"
) -> dict[int, Run | None]:
    """Return by seed the run of the arm with the least mean time to the target on all other seeds.

    An arm is chosen only if all its other seeds reach the target; ties go to the first arm. None
    for a seed without such an arm. Choosing on the seeds that are compared would favour the choice:
    the luckiest arm wins. With a single seed there are no others, and it is chosen on itself. No
    policy can know this arm before the runs.
    """
    runs = {arm: study.runs_of(arm) for arm in arms}
    seeds = sorted({run.seed for of_arm in runs.values() for run in of_arm})
    chosen: dict[int, Run | None] = {}
    for seed in seeds:
        hours = {}
        for arm, of_arm in runs.items():
            others = [run for run in of_arm if run.seed != seed or len(seeds) == 1]
            cost = cost_to_accuracy(others, target, kind)
            if cost is not None:
                hours[arm] = cost.hours
        best = min(hours, key=lambda name: hours[name], default="")
        own = [run for run in runs.get(best, ()) if run.seed == seed]
        chosen[seed] = own[0] if own else None
    return chosen
