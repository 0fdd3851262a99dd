"""Studies: their runs, index and directory, what is skipped, errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from configurator import Fixed
from learner.spec import Full
from sim.done import write_done
from sim.runlog import RunError
from sim.runs.lock import locked
from sim.scenario.file import ScenarioError, dump_scenario
from sim.study.definition import Study
from sim.study.file import load_study
from sim.study.study import run_study

ROOT = Path(__file__).parents[3]
BANDWIDTH = {
    "path": ["fleet.network.down_mbytes_per_s", "fleet.network.up_mbytes_per_s"],
    "values": [1.0, 2.0],
}


@pytest.fixture
def load(tmp_path: Path, make: Any) -> Any:
    """load(axes=..., overrides=[...]): the study of a file with the smallest scenario as base."""

    def build(overrides: list[str] | None = None, **content: Any) -> Study:
        path = tmp_path / "study.yaml"
        whole = {"name": "s", "base": dump_scenario(make())} | content
        path.write_text(json.dumps(whole))
        return load_study(path, overrides or [])

    return build


def test_the_index_has_the_coordinates_of_each_run(tmp_path: Path, load: Any) -> None:
    study = load(axes={"bandwidth": BANDWIDTH, "stop.rounds": [1, 2]})
    assert [arm.name for arm in study.arms][:2] == [
        "bandwidth=1.0, rounds=1",
        "bandwidth=1.0, rounds=2",
    ]
    assert study.arms[3].fleet.network.up_mbytes_per_s == 2.0
    run_study(study, out=tmp_path)
    index = json.loads((tmp_path / "s/study.json").read_text())
    assert index["axes"] == {"bandwidth": BANDWIDTH["path"], "stop.rounds": ["stop.rounds"]}
    coordinates = index["coordinates"]["bandwidth=2.0, rounds=1"]
    assert coordinates == {"bandwidth": 2.0, "stop.rounds": 1}


def test_the_preset_of_an_arm_replaces_keys_of_the_base_and_not_of_the_arm(load: Any) -> None:
    (arm,) = load(arms={"FTQ": {"exchange.up_bits": 4, "preset": "ftq"}}).arms
    assert arm.configurator == Fixed(config=Full())
    assert (arm.exchange.down_bits, arm.exchange.up_bits) == (8, 4)


def test_a_study_of_too_many_runs_is_refused_before_they_are_made(load: Any) -> None:
    axes = {"stop.rounds": list(range(1, 400)), "training.lr": list(range(1, 400))}
    with pytest.raises(ScenarioError, match="must be at most 100,000 runs, got 159,201"):
        load(axes=axes)


def test_an_added_value_adds_only_its_own_runs(tmp_path: Path, load: Any) -> None:
    first = run_study(load(axes={"stop.rounds": [1, 4]}), out=tmp_path)
    stamps = {result.run_dir: (result.run_dir / "DONE").stat().st_mtime_ns for result in first}
    second = run_study(load(axes={"stop.rounds": [1, 2, 4]}), out=tmp_path)
    assert [result.rounds for result in second] == [1, 2, 4]
    assert {result.run_dir for result in first} < {result.run_dir for result in second}
    for run_dir, stamp in stamps.items():
        assert (run_dir / "DONE").stat().st_mtime_ns == stamp


def test_runs_of_an_earlier_version_that_are_no_longer_shown_are_warned_of(
    tmp_path: Path, load: Any
) -> None:
    told: list[str] = []
    run_study(load(arms={"a": {}}), out=tmp_path)
    slower = load(["fleet.network.latency_s=5"], arms={"a": {}})
    run_study(slower, out=tmp_path, on_progress=lambda one: told.append(one.warning))
    (warning,) = [one for one in told if "earlier version" in one]
    assert "1 finished runs of an earlier version of this study, such as a-" in warning
    told.clear()
    run_study(slower, out=tmp_path, on_progress=lambda one: told.append(one.warning))
    assert not any("earlier version" in one for one in told)


def test_an_arm_may_be_named_without_its_coordinates(tmp_path: Path, load: Any) -> None:
    study = load(arms={"a": {}, "b": {"rounds.participants": 2}}, axes={"stop.rounds": [1, 2]})
    assert study.named(["b"]) == {"b, rounds=1", "b, rounds=2"}
    assert study.named(["b, rounds=2", "a"]) == {"a, rounds=1", "a, rounds=2", "b, rounds=2"}
    with pytest.raises(ValueError, match="no arm 'c'; nearest: "):
        study.named(["c"])
    assert len(run_study(study, out=tmp_path, arms=["a"])) == 2


@pytest.mark.parametrize("name", ["events.jsonl", "evaluations.jsonl"])
def test_finished_runs_are_skipped_unless_their_files_have_changed(
    tmp_path: Path, load: Any, name: str
) -> None:
    study = load(axes={"stop.rounds": [1, 2]})
    first, second = run_study(study, out=tmp_path)
    rows = (second.run_dir / name).read_bytes()
    (second.run_dir / name).write_bytes(rows.splitlines(keepends=True)[0])
    told: list[str] = []
    again = run_study(study, out=tmp_path, on_progress=lambda one: told.append(one.warning))
    assert again[0].events_sha256 == first.events_sha256
    assert (again[0].wall_seconds, again[0].accuracy) == (0.0, first.accuracy)
    assert again[1].events_sha256 == second.events_sha256
    assert (second.run_dir / name).read_bytes() == rows
    assert any(f"{second.run_dir / name}: differs from what DONE records" in one for one in told)


def test_the_directory_of_another_study_is_refused_and_left_unchanged(
    tmp_path: Path, load: Any
) -> None:
    run_study(load(axes={"stop.rounds": [1]}), out=tmp_path)
    before = (tmp_path / "s/study.json").read_bytes()
    with pytest.raises(RunError, match=r"is the directory of another study \(its arms: rounds=1\)"):
        run_study(load(axes={"bandwidth": BANDWIDTH}), out=tmp_path)
    assert (tmp_path / "s/study.json").read_bytes() == before


def test_a_study_in_use_by_another_process_is_refused(tmp_path: Path, load: Any) -> None:
    study = load(axes={"stop.rounds": [1]})
    with locked(tmp_path / "s"), pytest.raises(RunError, match=r"is in use by process \d+ on "):
        run_study(study, out=tmp_path)
    assert not list((tmp_path / "s").glob("*/seed-*"))
    assert len(run_study(study, out=tmp_path)) == 1


def test_a_run_directory_of_a_newer_format_is_refused(tmp_path: Path, load: Any) -> None:
    study = load(axes={"stop.rounds": [1]})
    (result,) = run_study(study, out=tmp_path)
    path = result.run_dir / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 99}))
    write_done(result.run_dir)
    with pytest.raises(RunError, match="format_version must be 1, got 99; choose another"):
        run_study(study, out=tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"axes": {"rounds.particpants": [3]}},
            "particpants=3: rounds.particpants is not a known key; did you mean participants?",
        ),
        ({"axes": {"rounds.participants": [2, 9]}}, "participants=9: rounds.participants must be"),
        ({"axes": {"rounds.participants": []}}, "axes.rounds.participants.values must be a list"),
        ({"axes": {"log.all": [1]}}, "all=1: log.all: log must be a mapping to set a key in it"),
        ({"arms": {}, "axes": {"stop.rounds": [1]}}, "arms must be a mapping with at least one"),
        (
            {"arms": {"a": {"stop": {"rounds": 3}}}, "axes": {"stop.rounds": [1]}},
            "arms.a must not set stop.rounds, which all points of axes.stop.rounds set, got 3; rem",
        ),
    ],
)
def test_an_invalid_axis_is_refused_before_any_run(
    tmp_path: Path, load: Any, content: Any, message: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(**content)
    assert str(caught.value).startswith(f"{tmp_path / 'study.yaml'}: {message}")


@pytest.mark.parametrize("name", ["", "a/b", "a\0b", "a\x1b[31m", "two\nlines", "x" * 256, 3])
def test_a_study_name_that_cannot_name_a_directory_is_refused(load: Any, name: Any) -> None:
    with pytest.raises(ScenarioError, match="yaml: name must be text that can name a directory"):
        load(name=name, axes={"stop.rounds": [1]})


@pytest.mark.parametrize(
    "content",
    [
        {"arms": {"a\0b": {}}},
        {"arms": {"a": {}}, "axes": {"v": {"variants": {"x\x1b[31m": {}}}}},
    ],
)
def test_names_of_runs_with_control_characters_are_refused(load: Any, content: Any) -> None:
    with pytest.raises(ScenarioError, match="must be one line of printable characters, got") as one:
        load(**content)
    assert str(one.value).isprintable()


def test_an_override_of_an_axis_is_refused(load: Any) -> None:
    with pytest.raises(ScenarioError, match=r"stop.rounds is set by axes.stop.rounds"):
        load(axes={"stop.rounds": [1, 2]}, overrides=["stop.rounds=3"])


def test_the_directories_of_long_names_are_shortened(tmp_path: Path, load: Any) -> None:
    study = load(axes={"stop.rounds": [1]})
    long = replace(study, arms=(replace(study.arms[0], name="x" * 400),))
    (result,) = run_study(long, out=tmp_path)
    assert len(result.run_dir.parent.name) < 120


def test_a_partly_deleted_store_costs_trainings_and_changes_no_byte(
    tmp_path: Path, real: Any
) -> None:
    study = Study(name="s", arms=(real(),), seeds=(0,))
    options: dict[str, Any] = {"out": tmp_path, "cache_dir": tmp_path / "cache"}
    (first,) = run_study(study, **options)
    states = sorted((tmp_path / "cache/store").rglob("*.safetensors"))
    for path in [*(tmp_path / "cache/store").rglob("*.json"), *states[::2]]:
        path.unlink()
    (first.run_dir / "DONE").unlink()
    (again,) = run_study(study, **options)
    assert again.events_sha256 == first.events_sha256
    assert 0 < again.trainings <= first.trainings


def test_a_full_disk_is_an_error_of_one_line_and_keeps_finished_runs(
    tmp_path: Path, load: Any
) -> None:
    """Files above 8 KiB are refused, as on a full disk."""
    load(arms={"short": {"stop.rounds": 1}, "long": {"stop.rounds": 60}})
    study = tmp_path / "study.yaml"
    command = f"exec {sys.executable} -m fedadapter study {study} --out {tmp_path} --workers 1"
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 8; {command}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    messages = [line for line in done.stderr.splitlines() if line.startswith("fedadapter: ")]
    assert (done.returncode, len(messages)) == (2, 1)
    assert "File too large" in messages[0]
    assert (next(tmp_path.glob("s/short-*/seed-0000")) / "DONE").exists()
    (short, long) = run_study(load_study(study), out=tmp_path)
    assert (short.rounds, long.rounds, short.wall_seconds) == (1, 60, 0.0)
