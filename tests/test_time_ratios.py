"""The benchmark of times to the best fixed arm: what it refuses, in one line with exit status 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from benchmarks.time_ratios import main
from sim.study.file import parse_study
from sim.study.study import run_study

ROOT = Path(__file__).parents[1]
CLOCK = ROOT / "scenarios/paper/clock/agnews-88.yaml"


@pytest.fixture
def worlds(tmp_path: Path) -> Path:
    """A study of two arms in one world, at which `fast` has thrice the bandwidth of `slow`."""
    content = {
        "name": "worlds",
        "base": yaml.safe_load(CLOCK.read_text()),
        "arms": {"slow": None, "fast": {"fleet.network.up_mbytes_per_s": 3.0}},
        "axes": {"world": {"variants": {"near": None}}},
    }
    run_study(parse_study(content), out=tmp_path)
    return tmp_path / "worlds"


def test_a_row_for_each_world_and_target(worlds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main("fast", [worlds])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0].strip("| ") for row in rows] == [
        f"{worlds.parent.name}, near",
        "geometric mean of 1",
    ] * 2
    assert all(float(row[-1].strip("| ")) < 1 for row in rows)


def test_studies_without_the_policy_or_without_one_axis_are_refused(worlds: Path) -> None:
    with pytest.raises(ValueError, match="has no policy quick; it has slow, fast"):
        main("quick", [worlds])
    for done in worlds.glob("fast*/*/DONE"):
        done.unlink()
    with pytest.raises(ValueError, match="no world in which fast and a fixed arm have finished"):
        main("fast", [worlds])
    index = worlds / "study.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"axes": {}}))
    with pytest.raises(ValueError, match="must be a study with one axis, its worlds, got none"):
        main("fast", [worlds])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "required: POLICY, DIR"),
        (["fast"], "required: DIR"),
        (["fast", "no-such"], "no-such: holds no runs"),
    ],
)
def test_what_it_cannot_read_is_refused_in_one_line(arguments: list[str], complaint: str) -> None:
    command = [sys.executable, "-m", "benchmarks.time_ratios", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert complaint in done.stderr
