"""Fits how fast each LoRA depth learns beside the deepest one, for configurator/depth_prior.py.

    fedadapter study scenarios/tuning/depths.yaml
    python -m benchmarks.depth_prior runs/tuning-depths

Each run's losses on validation examples are fitted by configurator.learning_curve; one row a run,
as it is written in the prior's table.
"""

from __future__ import annotations

import sys
from pathlib import Path

from analysis import load_study
from configurator.depth_prior import FIRST_ROUNDS, DepthPrior
from configurator.learning_curve import LearningCurve, fit_learning_curve


def main(directory: Path) -> None:
    curves: dict[str, dict[int, LearningCurve]] = {}
    for run in load_study(directory).runs:
        task, depth = run.arm.split(", depth ")
        points = run.evaluations
        curves.setdefault(task, {})[int(depth)] = fit_learning_curve(
            points["round"].to_list(), points["loss"].to_list(), confidence=0.95
        )
    for task, by_depth in curves.items():
        deepest = by_depth[max(by_depth)]
        for depth, curve in sorted(by_depth.items()):
            print(f"{task}, depth {depth}: {_prior(curve, deepest)}; {curve}")


def _prior(curve: LearningCurve, deepest: LearningCurve) -> DepthPrior:
    """From the two curves."""
    speed = (deepest.span * deepest.half_rounds) / (curve.span * curve.half_rounds)
    gained = deepest.loss(FIRST_ROUNDS) - deepest.asymptote
    shortfall = (curve.asymptote - deepest.asymptote) / gained
    return DepthPrior(speed=round(speed, 2), shortfall=round(max(shortfall, 0.0), 3))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
