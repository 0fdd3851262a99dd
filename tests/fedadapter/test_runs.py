"""Runs and replays from Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fedadapter as fa
from sim.engine.client_job import ClientJob
from sim.engine.participation import compute, download, upload, wait
from sim.engine.process import Process
from tests.fedadapter.conftest import SMALL


def test_a_run_has_its_records_as_frames(run: fa.Run) -> None:
    assert (run.arm, run.seed) == ("small", 0)
    assert run.rounds["round"].to_list() == list(range(1, 9))
    assert run.evaluations["t_s"][-1] == run.sim_s == run.rounds["t_s"][-1]
    assert run.evaluations["accuracy"][-1] == run.accuracy == run.result["accuracy"]
    assert run.decisions.is_empty()
    assert run.tables()["round"].height == 8
    assert repr(run).startswith(f"Run('small', seed 0, {run.sim_s:,.1f} simulated s, ")


def test_files_mappings_and_scenarios_give_the_same_run(run: fa.Run, tmp_path: Path) -> None:
    (tmp_path / "scenario.yaml").write_text(json.dumps(SMALL))
    for source in (tmp_path / "scenario.yaml", str(tmp_path / "scenario.yaml"), run.scenario):
        again = fa.run(source, out=tmp_path / "again")
        assert again.result["events_sha256"] == run.result["events_sha256"]
    assert fa.open_run(run.directory).result == run.result


def test_changes_take_what_numpy_and_paths_give(tmp_path: Path) -> None:
    shares = {"jetson-tx2": np.float64(0.5), "jetson-nano": 0.5}
    changes = {"rounds.participants": np.int64(3), "fleet.devices": shares, "name": "five, \u00e9"}
    run = fa.run(SMALL, changes, out=tmp_path)
    assert run.scenario.rounds.participants == 3
    assert run.scenario.fleet.devices == {"jetson-tx2": 0.5, "jetson-nano": 0.5}
    assert run.arm == "five, \u00e9"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"rounds.particpants": 3}, r"^scenario: rounds.particpants .*participants"),
        ({"rounds.participants": "many"}, "rounds.participants"),
        ({"rounds.deadline_s": object()}, "rounds.deadline_s: must be a number, text, list or"),
        ({"rounds.deadline_s": float("nan")}, "rounds.deadline_s: "),
    ],
)
def test_a_bad_change_is_refused_by_its_key(
    changes: dict[str, object], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(fa.ScenarioError, match=complaint) as refused:
        fa.run(SMALL, changes, out=tmp_path)
    assert "\n" not in str(refused.value)


def test_a_replay_moves_the_clock_and_not_the_learning(run: fa.Run) -> None:
    slow = run.replay({"fleet.network.up_mbytes_per_s": 0.1})
    assert slow.sim_s > run.sim_s
    assert slow.divergence is None
    assert slow.evaluations["accuracy"].equals(run.evaluations["accuracy"])
    assert slow.directory.is_relative_to(run.directory.parents[1])


def test_a_replay_says_where_learning_diverges(run: fa.Run, tmp_path: Path) -> None:
    few = run.replay({"rounds.participants": 2}, out=tmp_path / "elsewhere")
    assert few.divergence is not None
    assert few.divergence.round == 1
    assert few.directory.is_relative_to(tmp_path / "elsewhere")


def test_a_run_is_replayed_along_axes(run: fa.Run) -> None:
    axes = {"fleet.network.latency_s": np.linspace(0.0, 1.0, 3), "rounds.participants": [4, 2]}
    study = run.replay_along(axes)
    assert [one.divergence is None for one in study.runs] == [True, False] * 3
    equal = [one for one in study.runs if one.divergence is None]
    assert [one.sim_s for one in equal] == sorted(one.sim_s for one in equal)
    assert study.figure("heat-map").name == "heat-map"


def test_what_it_took_to_a_target_is_told(run: fa.Run) -> None:
    effort = run.effort_to(0.5)
    assert effort is not None
    (bytes_moved,) = (
        run.rounds.filter(pl.col("t_s") <= effort.seconds)
        .select(pl.col("down_bytes").sum() + pl.col("up_bytes").sum())
        .row(0)
    )
    assert effort.bytes == bytes_moved
    assert run.effort_to(1.0) is None


def test_a_directory_that_is_not_one_run_is_refused(run: fa.Run) -> None:
    with pytest.raises(ValueError, match="is not the directory of one run; open_study reads"):
        fa.open_run(run.directory.parent)


def test_an_unfinished_run_is_read_with_a_warning(run: fa.Run) -> None:
    manifest = json.loads((run.directory / "manifest.json").read_text())
    del manifest["result"]
    (run.directory / "manifest.json").write_text(json.dumps(manifest))
    (run.directory / "DONE").unlink()
    with pytest.warns(UserWarning, match="unfinished, used up to simulated second"):
        unfinished = fa.open_run(run.directory)
    assert unfinished.rounds.height == 8
    with pytest.raises(ValueError, match="is not finished; repeat it to resume"):
        _ = unfinished.accuracy


def test_real_training_is_replayed_from_the_store(
    tiny_model: Path, tiny_task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    task = {"kind": "text", "source": str(tiny_task), "max_tokens": 8, "validation": 30}
    config = {"kind": "adapter", "depth": 1, "width": 8}
    real = {
        "model": {"source": str(tiny_model)},
        "task": task,
        "learner": {"kind": "torch"},
        "training": {"batch_size": 4, "max_batches": 2},
        "cost": {"kind": "table", "payload": "exact", "scale": "flops"},
        "configurator": {"kind": "fixed", "config": config},
        "stop": {"rounds": 2},
    }
    run = fa.run(SMALL | real, out=tmp_path)
    assert run.result["trainings"] == 8
    faster = run.replay({"fleet.network.up_mbytes_per_s": 9})
    assert (faster.result["trainings"], faster.accuracy) == (0, run.accuracy)
    fewer = {"rounds.participants": 3}
    with pytest.raises(fa.MissingScoreError, match=r"diverges .*, pass train=True$"):
        run.replay(fewer)
    trained = run.replay(fewer, train=True)
    assert (trained.result["trainings"], trained.scenario.rounds.participants) == (6, 3)


def resting(job: ClientJob) -> Process:
    """The default, and a second without work before the upload."""
    yield from download(job)
    yield from compute(job)
    yield from wait(job, 1.0)
    yield from upload(job)


def test_a_run_with_an_own_participation_is_another_arm(run: fa.Run, tmp_path: Path) -> None:
    own = fa.run(SMALL, out=tmp_path, participation=resting)
    study = fa.open_study(tmp_path)
    digests = sorted(one.directory.parent.name.rpartition("-")[2] for one in (run, own))
    assert study.arms == tuple(f"small [{digest}]" for digest in digests)
    assert [one.seed for one in study.runs] == [0, 0]


@pytest.mark.parametrize("target", [70, 1.01, 0, -0.1, float("nan")])
def test_an_impossible_target_is_refused_in_one_line(run: fa.Run, target: float) -> None:
    study = fa.open_study(run.directory)
    told = f"^a target must be above 0 and at most 1, got {target:g}$"
    for asked in (run.effort_to, study.run_table, lambda one: study.table([one])):
        with pytest.raises(ValueError, match=told):
            asked(target)
