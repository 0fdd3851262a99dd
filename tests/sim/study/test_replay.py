"""Replays: other simulated times, the same learning, and where it diverges."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from analysis import load_study
from sim.done import write_done
from sim.run_files import read_manifest
from sim.runlog import RunError
from sim.runs.diff import diff_runs
from sim.runs.divergence import find_divergence
from sim.runs.run import run_scenario
from sim.scenario.file import ScenarioError
from sim.study.axes import read_axes
from sim.study.replay import plan_replay, replay

FASTER = ["fleet.network.up_mbytes_per_s=5"]


def replayed(run_dir: Path, out: Path, *overrides: str, axes: Any = None, **options: Any) -> Any:
    study = plan_replay(run_dir, overrides, read_axes(axes) if axes else ())
    return replay(run_dir, study, out=out, **options)


def test_a_faster_link_changes_the_times_and_not_the_learning(tmp_path: Path, make: Any) -> None:
    run = run_scenario(make(), out=tmp_path)
    (faster,) = replayed(run.run_dir, tmp_path, *FASTER)
    assert faster.result.sim_seconds < run.sim_seconds
    assert (faster.divergence, faster.missing) == (None, "")
    assert faster.result.accuracy == run.accuracy
    assert faster.run_dir.parents[1].name == f"replay-of-{run.run_dir.parent.name}"
    difference = diff_runs(run.run_dir, faster.run_dir)
    assert list(difference.scenario) == ["fleet.network.up_mbytes_per_s"]
    assert difference.scenario["fleet.network.up_mbytes_per_s"] == (0.5, 5)
    assert difference.row is not None
    assert (difference.row.line, difference.row.field) == (1, "t_s")
    assert difference.learning is None


def test_the_name_of_a_replay_has_its_overrides_with_their_whole_values(
    tmp_path: Path, make: Any
) -> None:
    run = run_scenario(make(), out=tmp_path)
    study = plan_replay(run.run_dir, ["fleet.network.latency_s=0.5", " rounds.participants = 2"])
    (arm,) = study.arms
    assert arm.name.endswith(", latency_s=0.5, participants = 2")


def test_every_point_of_an_axis_is_replayed(tmp_path: Path, make: Any) -> None:
    run = run_scenario(make(), out=tmp_path)
    path = ["fleet.network.down_mbytes_per_s", "fleet.network.up_mbytes_per_s"]
    axis = {"bandwidth": {"path": path, "log": {"from": 0.1, "to": 10, "points": 5}}}
    results = replayed(run.run_dir, tmp_path, axes=axis)
    seconds = [one.result.sim_seconds for one in results]
    assert seconds == sorted(seconds, reverse=True)
    assert len(set(seconds)) == 5


def test_a_deadline_that_excludes_a_client_is_reported_with_second_and_round(
    tmp_path: Path, make: Any
) -> None:
    mixed = {"fleet.devices": {"jetson-tx2": 0.5, "raspberry-pi-4b": 0.5}, "stop.rounds": 3}
    run = run_scenario(make(**mixed), out=tmp_path)
    (late,) = replayed(run.run_dir, tmp_path, "rounds.deadline_s=5", "rounds.on_failure=abandon")
    divergence = late.divergence
    assert divergence is not None
    assert (divergence.t_s, divergence.round) == (pytest.approx(5.0), 1)
    first = json.loads((run.run_dir / "events.jsonl").read_text().splitlines()[0])
    (slow,) = set(divergence.earlier) - set(divergence.later)
    assert divergence.earlier == first["reports"]
    assert str(divergence) == (
        "learning diverges at simulated second 5, round 1: "
        f"the cohort reports without client {slow}"
    )


def test_an_abandoned_round_diverges_from_an_aggregated_one(tmp_path: Path, make: Any) -> None:
    run = run_scenario(make(), out=tmp_path)
    no_reports = ("rounds.deadline_s=1", "rounds.on_failure=abandon")
    (late,) = replayed(run.run_dir, tmp_path, *no_reports)
    assert (late.divergence.t_s, late.divergence.round) == (pytest.approx(1.0), 1)
    assert (len(late.divergence.earlier), late.divergence.later) == (3, [])
    assert find_divergence(late.run_dir, late.run_dir) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"training.batch_size": 8}, "training.batch_size"),
        ({"configurator.config.width": 16}, "the configuration"),
        ({"stop.rounds": 3}, "the lineage"),
    ],
)
def test_the_differing_part_of_the_recipe_is_named(
    tmp_path: Path, make: Any, changes: Any, field: str
) -> None:
    one = run_scenario(make(), out=tmp_path)
    two = run_scenario(make(**changes), out=tmp_path)
    divergence = find_divergence(one.run_dir, two.run_dir)
    assert divergence is not None
    assert divergence.field == field
    assert find_divergence(one.run_dir, one.run_dir) is None


def test_a_run_that_ends_sooner_does_not_diverge(tmp_path: Path, make: Any) -> None:
    one = run_scenario(make(), out=tmp_path)
    two = run_scenario(make(**{"stop.rounds": 1}), out=tmp_path)
    assert find_divergence(one.run_dir, two.run_dir) is None
    row = diff_runs(one.run_dir, two.run_dir).row
    assert row is not None
    assert (row.line, row.a, row.b) == (2, "round", "end")


def test_a_directory_that_is_not_a_run_is_refused(tmp_path: Path, make: Any) -> None:
    with pytest.raises(RunError, match="is not a run directory"):
        plan_replay(tmp_path)
    run = run_scenario(make(), out=tmp_path)
    with pytest.raises(ScenarioError, match=r"fleet\.netwerk.* is not a known key"):
        plan_replay(run.run_dir, ["fleet.netwerk.x=1"])
    (run.run_dir / "manifest.json").write_text("{}")
    with pytest.raises(RunError, match=r"manifest\.json: is not a run's manifest"):
        diff_runs(run.run_dir, run.run_dir)


def test_different_scores_of_the_same_states_are_a_difference(tmp_path: Path, make: Any) -> None:
    run = run_scenario(make(), out=tmp_path / "a")
    other = run_scenario(make(), out=tmp_path / "b")
    assert diff_runs(run.run_dir, other.run_dir).row is None
    path = other.run_dir / "evaluations.jsonl"
    path.write_text(path.read_text().replace('"loss":', '"loss":1', 1))
    row = diff_runs(run.run_dir, other.run_dir).row
    assert row is not None
    assert (row.file, row.line, row.field) == ("evaluations.jsonl", 1, "loss")


@pytest.mark.parametrize("line", ["[]", "{}", '{"ro', "", "[" * 100_000])
def test_an_invalid_row_is_refused_with_its_line_number(
    tmp_path: Path, make: Any, line: str
) -> None:
    run = run_scenario(make(), out=tmp_path)
    log = run.run_dir / "events.jsonl"
    first, _, *rest = log.read_text().split("\n")
    log.write_text("\n".join((first, line, *rest)))
    with pytest.raises(RunError, match=r"events\.jsonl:2: must be a row "):
        diff_runs(run.run_dir, run.run_dir)


def test_a_run_is_replayed_without_training_until_a_score_is_missing(
    tmp_path: Path, real: Any
) -> None:
    cache, scenario = tmp_path / "cache", real(**{"stop.rounds": 6})
    run = run_scenario(scenario, out=tmp_path, cache_dir=cache)
    (faster,) = replayed(run.run_dir, tmp_path, *FASTER, cache_dir=cache)
    assert (faster.result.trainings, faster.result.accuracy) == (0, run.accuracy)
    assert faster.divergence is None
    (other,) = replayed(run.run_dir, tmp_path, "rounds.participants=2", cache_dir=cache)
    assert other.result is None
    assert other.divergence.round == 1
    assert "the store has no test score of state" in other.missing
    again = replayed(run.run_dir, tmp_path, "rounds.participants=2", cache_dir=cache, train=True)
    assert again[0].result.trainings == 6 * 2
    assert again[0].divergence == other.divergence


def test_a_run_of_another_machine_is_replayed_from_its_own_log(tmp_path: Path, real: Any) -> None:
    run = run_scenario(real(**{"stop.rounds": 3}), out=tmp_path, cache_dir=tmp_path / "theirs")
    manifest = run.run_dir / "manifest.json"
    content = json.loads(manifest.read_text()) | {"numerics": "torch-9 on another processor"}
    manifest.write_text(json.dumps(content))
    write_done(run.run_dir)
    out, cache = tmp_path / "out", tmp_path / "ours"
    for _ in range(2):  # the second time it is finished
        (faster,) = replayed(run.run_dir, out, *FASTER, cache_dir=cache)
        assert (faster.divergence, faster.missing) == (None, "")
        assert (faster.result.trainings, faster.result.accuracy) == (0, run.accuracy)
    assert read_manifest(faster.run_dir)["numerics"] == content["numerics"]
    scores = [load_study(one).runs[0].evaluations for one in (run.run_dir, faster.run_dir)]
    assert scores[0].drop("t_s").equals(scores[1].drop("t_s"))
    (other,) = replayed(run.run_dir, out, "rounds.participants=2", cache_dir=cache)
    assert "under torch-9 on another processor" in other.missing


def test_a_window_with_another_number_of_rounds_is_named(tmp_path: Path, real: Any) -> None:
    sideline = {"kind": "sideline", "interval_s": 0.04, "window": "interval"}
    start = {"start": {"kind": "adapter", "depth": 1, "width": 8}}
    changes = {"configurator": sideline | start, "rounds.participants": 3, "stop.rounds": 8}
    cache, scenario = tmp_path / "cache", real(**changes)
    run = run_scenario(scenario, out=tmp_path, cache_dir=cache)
    shorter = "configurator.interval_s=0.02"
    (other,) = replayed(run.run_dir, tmp_path, shorter, cache_dir=cache)
    divergence = other.divergence
    assert other.result is None
    assert divergence is not None
    assert divergence.t_s == pytest.approx(0.02)
    assert divergence.later < divergence.earlier
    assert str(divergence).startswith("learning diverges at simulated second 0.02, round ")
    assert f"the last round of branch {divergence.branch} in trial 0 is" in str(divergence)


def test_a_run_in_bf16_is_replayed_in_bf16(tmp_path: Path, real: Any) -> None:
    cache, scenario = tmp_path / "cache", real(**{"stop.rounds": 2})
    run = run_scenario(scenario, out=tmp_path, cache_dir=cache, precision="bf16")
    (faster,) = replayed(run.run_dir, tmp_path, *FASTER, cache_dir=cache)
    assert (faster.result.trainings, faster.result.accuracy) == (0, run.accuracy)


def test_a_mixed_fleet_is_replayed_with_the_same_devices(tmp_path: Path, make: Any) -> None:
    """Devices are assigned in the order in which the scenario names them."""
    fleet = {"raspberry-pi-4b": 0.4, "jetson-tx2": 0.3, "jetson-nano": 0.3}
    run = run_scenario(make(**{"fleet.devices": fleet}), out=tmp_path / "first")
    study = plan_replay(run.run_dir)
    (again,) = replay(run.run_dir, study, out=tmp_path / "again")
    assert again.result is not None
    assert again.result.events_sha256 == run.events_sha256


@pytest.mark.slow
def test_a_hundred_bandwidths_over_500_rounds_take_less_than_a_minute_of_one_core(
    tmp_path: Path, make: Any
) -> None:
    mixed = {"partition.clients": 100, "rounds.participants": 15, "stop.rounds": 500}
    run = run_scenario(make(**mixed), out=tmp_path)
    path = ["fleet.network.down_mbytes_per_s", "fleet.network.up_mbytes_per_s"]
    axis = {"bandwidth": {"path": path, "log": {"from": 0.1, "to": 10, "points": 100}}}
    started_s = time.process_time()
    results = replayed(run.run_dir, tmp_path, axes=axis)
    took_s = time.process_time() - started_s
    assert {(one.result.trainings, one.divergence) for one in results} == {(0, None)}
    assert took_s < 60


def test_a_second_replay_is_beside_the_first(tmp_path: Path, make: Any) -> None:
    runs = [run_scenario(make(), seed=seed, out=tmp_path) for seed in (0, 1)]
    for run in runs:
        replayed(run.run_dir, tmp_path, *FASTER)
    (slower,) = replayed(runs[0].run_dir, tmp_path, "fleet.network.up_mbytes_per_s=0.1")
    study = load_study(slower.run_dir.parents[1])
    assert sorted((run.arm.rsplit("=")[-1], run.seed) for run in study.runs) == [
        ("0.1", 0),
        ("5", 0),
        ("5", 1),
    ]
