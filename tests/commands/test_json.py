"""With `--json`, what a command prints is JSON: results on standard output, events beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CLOCK = Path(__file__).parents[2] / "scenarios/paper/clock/agnews-88.yaml"

Call = Callable[..., tuple[int, str, str]]


def events(err: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in err.splitlines()]


@pytest.fixture
def study(call: Call, study_file: Path, tmp_path: Path) -> Path:
    """A study with an unfinished run."""
    call("study", study_file, "--set", "stop.rounds=3", "--out", tmp_path, "--json")
    (done,) = tmp_path.glob("two/slow-*/seed-0000/DONE")
    done.unlink()
    return tmp_path / "two"


def test_a_study_tells_all_in_json(call: Call, study_file: Path, tmp_path: Path) -> None:
    _, out, err = call("study", study_file, "--set", "stop.rounds=3", "--out", tmp_path, "--json")
    assert json.loads(out)
    told = events(err)
    assert [one["event"] for one in told if one["event"] != "progress"] == ["forecast", "results"]
    assert told[-1]["directory"] == str(tmp_path / "two")


def test_warnings_of_results_are_events(call: Call, study: Path) -> None:
    _, out, err = call("table", study, "--json")
    assert json.loads(out)
    (warning,) = events(err)
    assert (warning["event"], "unfinished" in warning["warning"]) == ("warning", True)


def test_what_validate_finds_are_events(call: Call) -> None:
    _, out, err = call("validate", CLOCK, "--json")
    assert json.loads(out)["name"] == "clock-agnews-88"
    assert {one["event"] for one in events(err)} <= {"path", "note"}


def test_changed_files_are_events(call: Call, study: Path) -> None:
    (fast,) = study.glob("fast-*/seed-0000")
    (fast / "scenario.yaml").write_text("changed\n")
    status, out, err = call("diff", fast, fast, "--json")
    assert (status, json.loads(out)["row"]) == (0, None)
    assert {one["event"] for one in events(err)} == {"warning"}


def test_the_list_of_runs_cuts_no_name(call: Call, study_file: Path, tmp_path: Path) -> None:
    out_dir = tmp_path / ("a-folder-with-a-name-of-many-letters-" * 4)
    call("study", study_file, "--set", "stop.rounds=3", "--out", out_dir, "--json")
    _, out, _ = call("runs", out_dir)
    _, *lines, effort = out.splitlines()
    assert effort.startswith("2 of 2 finished, ")
    assert [Path(line.split()[0]).is_dir() for line in lines] == [True, True]
