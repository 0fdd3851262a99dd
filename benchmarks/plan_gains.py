"""How much faster the best plan by device should lower the loss than the best single depth.

    python -m benchmarks.plan_gains STUDY.yaml [KEY=VALUE ...]

Of the study's first arm with the configurator `forecast`: the expected length of a round by depth,
and, by what is left of the loss (configurator.depth_prior), the best plan and its gain. Nothing is
simulated or trained.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from configurator import Forecast
from configurator.forecast import AS_EXPECTED
from sim.build.simulation import build_simulation
from sim.runlog import RunLog
from sim.runs.run import default_cache_dir
from sim.study.file import load_study

LEFTS = (1.0, 0.6, 0.4, 0.2, 0.1)


def main(path: str, overrides: list[str]) -> None:
    arms = load_study(path, overrides).arms
    arm = next(arm for arm in arms if isinstance(arm.configurator, Forecast))
    policy = arm.configurator
    assert isinstance(policy, Forecast)
    with tempfile.TemporaryDirectory() as directory:
        log = RunLog(Path(directory))
        costs = build_simulation(arm, seed=0, log=log, cache_dir=default_cache_dir()).server.costs
        plans = list(policy.plans(costs))
        alone = [plan for plan in plans if costs(plan).shares[-1] == 1.0]
        for plan in {plan.parts[-1]: plan for plan in alone}.values():
            found = costs(plan)
            print(f"{plan.parts[-1]}: {found.round_s:.2f} s; {found.cohort_s:.2f} s at mean rates")
        for left in LEFTS:
            gain = partial(policy.gain_per_s, costs, left, AS_EXPECTED)
            best, single = max(plans, key=gain), max(alone, key=gain)
            shares = ", ".join(f"{share:.0%}" for share in costs(best).shares)
            print(
                f"left {left:.0%}: {best.parts[0].depth} to {best.parts[-1].depth} layers "
                f"({shares}), {gain(best) / gain(single):.2f} x {single.parts[-1].depth} layers"
            )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
