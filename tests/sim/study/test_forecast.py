"""Forecasts of a study, compared with the study itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.study.definition import Study
from sim.study.forecast import forecast
from sim.study.study import run_study


def test_the_trainings_of_fixed_arms_are_exact_and_shared_ones_counted_once(
    tmp_path: Path, real: Any
) -> None:
    arms = (real(name="slow"), real(name="fast", **{"fleet.network.up_mbytes_per_s": 5}))
    study = Study(name="s", arms=(*arms, real(name="long", **{"stop.rounds": 10})), seeds=(0,))
    cache = tmp_path / "cache"
    planned = forecast(study, out=tmp_path, cache_dir=cache, workers=2)
    assert (planned.runs, planned.finished, planned.trainings) == (3, 0, 10 * 3)
    assert planned.wall_s > 0
    assert planned.disk_bytes > 10_000
    assert not (tmp_path / "s").exists()
    first = Study(name="s", arms=arms, seeds=(0,))
    trained = sum(result.trainings for result in run_study(first, out=tmp_path, cache_dir=cache))
    assert trained == 8 * 3
    planned = forecast(study, out=tmp_path, cache_dir=cache)
    assert (planned.runs, planned.finished, planned.trainings) == (3, 2, 2 * 3)


def test_a_policy_that_decides_by_scores_is_simulated_to_its_end(tmp_path: Path, real: Any) -> None:
    sideline = {"kind": "sideline", "interval_s": 0.5, "start": {"depth": 0, "width": 8}}
    study = Study(name="s", arms=(real(name="trial", configurator=sideline),), seeds=(0,))
    planned = forecast(study, out=tmp_path, cache_dir=tmp_path / "cache")
    assert planned.trainings >= 8


def test_runs_with_given_learning_curves_need_no_trainings(tmp_path: Path, make: Any) -> None:
    study = Study(name="s", arms=(make(),), seeds=(0, 1))
    planned = forecast(study, out=tmp_path, cache_dir=tmp_path / "cache")
    assert (planned.runs, planned.trainings, planned.wall_s) == (2, 0, 0.0)
