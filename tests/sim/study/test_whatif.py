"""Every study in scenarios/whatif runs, time-only and (slow) with real training."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.study.file import load_study
from sim.study.study import run_study

WHATIF = Path(__file__).parents[3] / "scenarios/whatif"
REAL = WHATIF / "real.yaml"
STUDIES = [path for path in sorted(WHATIF.glob("*.yaml")) if path.stem not in ("base", "real")]
ONLY_REAL = {"label-skew"}


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_runs_time_only(path: Path, tmp_path: Path) -> None:
    study = load_study(path, ["stop.rounds=2"])
    assert study.axes
    if path.stem in ONLY_REAL:
        return
    results = run_study(study, out=tmp_path)
    assert {result.trainings for result in results} == {0}
    assert len({result.sim_seconds for result in results}) > 1


@pytest.mark.slow
@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_runs_with_real_training(path: Path, tmp_path: Path) -> None:
    study = load_study(path, ["stop.rounds=2", "task.validation=100"], REAL)
    results = run_study(study, out=tmp_path)
    assert {result.learner for result in results} == {"torch"}
    assert len({result.events_sha256 for result in results}) > 1
