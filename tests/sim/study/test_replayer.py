"""The replays behind an interactive page, and a changed run as a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.runlog import RunError
from sim.runs.run import run_scenario
from sim.scenario.file import ScenarioError, digest, dump_scenario
from sim.study.file import load_study
from sim.study.replay import plan_replay
from sim.study.replayer import Replayer

SLOWER = "fleet.network.rate_scale=0.5"


def test_a_replay_is_that_of_the_command(tmp_path: Path, real: Any) -> None:
    cache = tmp_path / "cache"
    run = run_scenario(real(**{"stop.rounds": 2}), out=tmp_path, cache_dir=cache)
    replayer = Replayer(cache)
    for _ in range(2):  # the second time with the same data
        again = replayer.replay(run.run_dir, (), tmp_path / "again")
        assert again.result is not None
        assert again.result.events_sha256 == run.events_sha256
    slower = replayer.replay(run.run_dir, [SLOWER], tmp_path / "slower")
    assert slower.result is not None
    assert slower.result.sim_seconds > run.sim_seconds
    assert (slower.divergence, slower.result.trainings) == (None, 0)
    fewer = replayer.replay(run.run_dir, ["partition.clients=5"], tmp_path / "fewer")
    assert fewer.divergence is not None


def test_an_export_is_a_study_with_the_run_and_the_changed_run(tmp_path: Path, make: Any) -> None:
    run = run_scenario(make(), out=tmp_path)
    changes = [SLOWER, "fleet.network.latency_s=0.5", "fleet.network.rate_scale=0.25"]
    file = tmp_path / "what-if.yaml"
    file.write_text(Replayer(tmp_path).study_text(run.run_dir, changes), encoding="utf-8")
    study = load_study(file)
    (changed,) = plan_replay(run.run_dir, changes).arms
    assert [arm.name for arm in study.arms] == ["as run", "changed"]
    assert [digest(arm) for arm in study.arms] == [digest(make()), digest(changed)]
    assert study.seeds == (0,)


def test_an_export_keeps_the_order_of_overrides(tmp_path: Path, make: Any) -> None:
    run = run_scenario(make(), out=tmp_path)
    network = "fleet.network={kind: constant, down_mbytes_per_s: 2, up_mbytes_per_s: 2}"
    file = tmp_path / "what-if.yaml"
    changes = [SLOWER, network, SLOWER]
    file.write_text(Replayer(tmp_path).study_text(run.run_dir, changes), encoding="utf-8")
    assert dump_scenario(load_study(file).arms[1])["fleet"]["network"]["rate_scale"] == 0.5


def test_a_preset_behind_a_key_that_it_sets_is_no_study(tmp_path: Path, make: Any) -> None:
    run = run_scenario(make(), out=tmp_path)
    changes = ["exchange.up_bits=4", "preset=ftq"]
    with pytest.raises(ScenarioError, match="set the preset first"):
        Replayer(tmp_path).study_text(run.run_dir, changes)


def test_invalid_overrides_and_directories_are_refused(tmp_path: Path, make: Any) -> None:
    run, replayer = run_scenario(make(), out=tmp_path), Replayer(tmp_path)
    with pytest.raises(ScenarioError, match=r"rounds\.deadline_s must be above 0"):
        replayer.scenario(run.run_dir, ["rounds.deadline_s=-1"])
    with pytest.raises(ScenarioError, match=r"rounds\.dead_line_s is not a known key"):
        replayer.replay(run.run_dir, ["rounds.dead_line_s=1"], tmp_path)
    with pytest.raises(RunError, match="is not a run directory"):
        replayer.study_text(tmp_path, ())
