"""Benchmark of a repeated run: how many LocalJobs it trains (none)."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.runs.run import default_cache_dir

DEMO = Path(__file__).parents[2] / "scenarios/demo.yaml"


def second_run() -> dict[str, Any]:
    """The demo's medium arm again, in a process that cannot import the trainer: LocalJobs done."""
    from sim.runs.run import run_scenario
    from sim.study.file import load_study

    medium = next(arm for arm in load_study(DEMO).arms if arm.name.startswith("medium"))
    scenario = replace(medium, stop=replace(medium.stop, rounds=4))
    with tempfile.TemporaryDirectory() as out:
        run_scenario(scenario, out=Path(out), cache_dir=default_cache_dir())
        sys.modules["learner.training.torch_learner"] = None  # type: ignore[assignment]
        again = run_scenario(scenario, out=Path(out) / "again", cache_dir=default_cache_dir())
    return {"trainings": again.trainings, "store_hits": again.store_hits}
