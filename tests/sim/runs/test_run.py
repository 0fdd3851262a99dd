"""Runs: directories, resuming, determinism, and the published hours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sim.done import changed_files
from sim.runlog import RunError
from sim.runs.directory import run_directory
from sim.runs.lock import locked
from sim.runs.run import MissingScoreError, run_scenario
from sim.scenario.file import as_yaml, load_scenario

ROOT = Path(__file__).parents[3]

# paper/README.md: hours to the end of the window in which the logged path reaches 99 %.
PUBLISHED_HOURS = {
    "20news": 1.359411111111111,
    "agnews": 1.066661111111111,
    "agnews-88": 0.2545208333333333,
    "semeval": 2.774913888888889,
    "ontonotes": 10.571527777777778,
}


@pytest.mark.parametrize(("name", "hours"), PUBLISHED_HOURS.items())
def test_the_published_hours_are_reproduced_to_nine_digits(
    name: str, hours: float, tmp_path: Path
) -> None:
    scenario = load_scenario(ROOT / f"scenarios/paper/clock/{name}.yaml")
    result = run_scenario(scenario, out=tmp_path)
    assert result.sim_seconds == pytest.approx(3600 * hours, rel=1e-9)


def run_in_process(scenario: Path, out: Path, seed: int, hash_seed: str) -> bytes:
    """events.jsonl of a run in a process of its own."""
    command = [sys.executable, "-m", "fedadapter", "run", str(scenario), "--json"]
    options = ["--seed", str(seed), "--out", str(out)]
    environment: Mapping[str, str] = {"PYTHONHASHSEED": hash_seed, "HOME": str(out)}
    done = subprocess.run(
        [*command, *options], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    return (Path(json.loads(done.stdout)["run_dir"]) / "events.jsonl").read_bytes()


def test_the_log_depends_on_the_seed_and_on_nothing_else(tmp_path: Path, make: Any) -> None:
    network = {"kind": "trace", "downlink": "lte.down", "uplink": "lte.up", "latency_s": 0.02}
    devices = {"jetson-tx2": 0.4, "jetson-nano": 0.3, "raspberry-pi-4b": 0.3}
    scenario = make(
        **{
            "partition.clients": 60,
            "rounds.participants": 9,
            "fleet": {"devices": devices, "network": network},
            "configurator": {"kind": "sideline", "interval_s": 60},
            "stop.rounds": 30,
            "log": "clients",
        }
    )
    path = tmp_path / "scenario.yaml"
    path.write_text(as_yaml(scenario))
    first = run_in_process(path, tmp_path / "a", seed=3, hash_seed="1")
    assert run_in_process(path, tmp_path / "b", seed=3, hash_seed="2") == first
    assert run_in_process(path, tmp_path / "c", seed=4, hash_seed="1") != first


def test_running_a_finished_run_again_leaves_its_files_alone(tmp_path: Path, make: Any) -> None:
    first = run_scenario(make(), out=tmp_path)
    before = {path.name: path.read_bytes() for path in first.run_dir.glob("[!.]*")}
    again = run_scenario(make(), out=tmp_path)
    assert again.events_sha256 == first.events_sha256
    assert {path.name: path.read_bytes() for path in first.run_dir.glob("[!.]*")} == before
    names = ["DONE", "evaluations.jsonl", "events.jsonl", "manifest.json", "scenario.yaml"]
    assert sorted(before) == names


@pytest.mark.parametrize("n_bytes", [0, 1, 700, 1500])
def test_a_log_that_ends_anywhere_is_completed(tmp_path: Path, make: Any, n_bytes: int) -> None:
    whole = run_scenario(make(log="clients"), out=tmp_path)
    events = whole.run_dir / "events.jsonl"
    content = events.read_bytes()
    events.write_bytes(content[:n_bytes])
    (whole.run_dir / "DONE").unlink()
    run_scenario(make(log="clients"), out=tmp_path)
    assert events.read_bytes() == content


def test_a_resumed_run_that_fails_earlier_names_its_own_error(tmp_path: Path, real: Any) -> None:
    """And leaves the rows of the first run, which another attempt may still reach."""
    scenario, out = real(**{"stop.rounds": 3}), tmp_path / "runs"
    run_dir = run_scenario(scenario, out=out, cache_dir=tmp_path / "cache").run_dir
    (run_dir / "DONE").unlink()
    events = (run_dir / "events.jsonl").read_bytes()
    empty = tmp_path / "empty"
    with pytest.raises(MissingScoreError):
        run_scenario(scenario, out=out, cache_dir=empty, on_missing="refuse")
    assert (run_dir / "events.jsonl").read_bytes() == events


def test_a_log_with_other_rows_stops_the_run_and_is_left_alone(tmp_path: Path, make: Any) -> None:
    result = run_scenario(make(), out=tmp_path)
    events = result.run_dir / "events.jsonl"
    changed = events.read_bytes().replace(b'"trial":0', b'"trial":7', 1)
    events.write_bytes(changed)
    (result.run_dir / "DONE").unlink()
    with pytest.raises(RunError, match="this run differs from the earlier run in this directory"):
        run_scenario(make(), out=tmp_path)
    assert events.read_bytes() == changed


def test_a_run_with_other_numerics_is_not_resumed(tmp_path: Path, make: Any) -> None:
    result = run_scenario(make(), out=tmp_path)
    path = result.run_dir / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"numerics": "torch-1.0 cpu"}))
    (result.run_dir / "DONE").unlink()
    with pytest.raises(RunError, match=r"numerics must be None to resume .* got 'torch-1.0 cpu'"):
        run_scenario(make(), out=tmp_path)


@pytest.mark.parametrize(
    "name", ["events.jsonl", "evaluations.jsonl", "manifest.json", "scenario.yaml", "DONE"]
)
@pytest.mark.parametrize("how", ["cut", "changed", "removed"])
def test_a_file_that_changed_since_the_run_finished_is_told_and_made_again(
    tmp_path: Path, make: Any, name: str, how: str
) -> None:
    run_dir = run_scenario(make(), out=tmp_path).run_dir
    before = contents(run_dir)
    path = run_dir / name
    text = path.read_text()
    path.write_text(text[: len(text) // 2] if how == "cut" else text.swapcase())
    if how == "removed":
        path.unlink()
    told: list[str] = []
    run_scenario(make(), out=tmp_path, on_progress=lambda progress: told.append(progress.warning))
    assert contents(run_dir) == before
    is_told = any(f"warning: {path}: differs from what DONE records" in line for line in told)
    assert is_told == ((how, name) != ("removed", "DONE"))


def contents(run_dir: Path) -> dict[str, Any]:
    """The files of a run; of its manifest what does not depend on the process, no DONE."""
    manifest = json.loads((run_dir / "manifest.json").read_text())
    assert not changed_files(run_dir)
    rows = {path.name: path.read_bytes() for path in run_dir.glob("*.jsonl")}
    return rows | {
        "scenario.yaml": (run_dir / "scenario.yaml").read_text(),
        "result": manifest["result"] | {"wall_seconds": 0},
        "scenario": manifest["scenario"],
    }


def test_a_changed_scenario_file_is_written_again_when_a_run_resumes(
    tmp_path: Path, make: Any
) -> None:
    run_dir = run_scenario(make(), out=tmp_path).run_dir
    path, text = run_dir / "scenario.yaml", (run_dir / "scenario.yaml").read_text()
    (run_dir / "DONE").unlink()
    path.write_text(text.replace("rounds: 2", "rounds: 9"))
    run_scenario(make(), out=tmp_path)
    assert path.read_text() == text


def test_the_directory_is_named_by_scenario_and_seed(make: Any, tmp_path: Path) -> None:
    path = run_directory(tmp_path, make(name="Medium (3, 16)"), 7)
    assert path.parent.name.startswith("medium-3-16-")
    assert path.name == "seed-0007"


def test_the_manifest_records_the_scenario_the_result_and_the_host(
    tmp_path: Path, make: Any
) -> None:
    result = run_scenario(make(), out=tmp_path)
    manifest = json.loads((result.run_dir / "manifest.json").read_text())
    assert manifest["learner"] == result.learner == "curve"
    assert (manifest["n_clients"], manifest["n_layers"]) == (3, 12)
    assert manifest["scenario"]["stop"]["rounds"] == 2
    assert manifest["result"]["events_sha256"] == result.events_sha256
    assert {"versions", "host", "started_at"} <= set(manifest)
    assert manifest["client_rates_resampled_to_s"] is None


def test_the_manifest_records_that_a_shared_link_averages_the_clients_rates(
    tmp_path: Path, make: Any
) -> None:
    result = run_scenario(make(**{"fleet.server": {"up_mbit_per_s": 5}}), out=tmp_path)
    manifest = json.loads((result.run_dir / "manifest.json").read_text())
    assert manifest["client_rates_resampled_to_s"] == 1.0


def test_a_directory_in_use_by_another_process_is_refused(tmp_path: Path, make: Any) -> None:
    run_dir = run_directory(tmp_path, make(), 0)
    code = "import sys, pathlib; from sim.runs.lock import locked; p = pathlib.Path(sys.argv[1])"
    waits = f"{code}\nwith locked(p):\n    print('locked', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", waits, str(run_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(RunError, match=f"is in use by process {other.pid} on "):
            run_scenario(make(), out=tmp_path)
        other.communicate()
    assert run_scenario(make(), out=tmp_path).rounds == 2
    with locked(run_dir):
        pass


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("{", "must be JSON: .*; choose another --out"),
        ("{}", "is not a run's manifest: .*; choose another --out"),
        ("[]", "is not a run's manifest: .*; choose another --out"),
    ],
)
def test_a_directory_with_a_broken_manifest_is_refused(
    tmp_path: Path, make: Any, content: str, rule: str
) -> None:
    run_dir = run_directory(tmp_path, make(), 0)
    run_dir.mkdir(parents=True)
    (run_dir / "manifest.json").write_text(content)
    with pytest.raises(RunError, match=rule):
        run_scenario(make(), out=tmp_path)
