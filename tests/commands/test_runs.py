"""`fedadapter run`: its result, and one line and status 2 for bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

CLOCK = Path(__file__).parents[2] / "scenarios/paper/clock/agnews-88.yaml"

Call = Callable[..., tuple[int, str, str]]


def test_run_ends_with_one_json_object(call: Call, tmp_path: Path) -> None:
    status, out, _ = call("run", CLOCK, "--json", "--out", tmp_path)
    result = json.loads(out)
    assert status == 0
    assert list(result)[:9] == [
        *("run_dir", "sim_seconds", "rounds", "config", "accuracy", "trainings", "store_hits"),
        *("events_sha256", "wall_seconds"),
    ]
    assert result["sim_seconds"] == pytest.approx(3600 * 0.2545208333333333, rel=1e-9)
    assert result["learner"] == "curve"


def test_a_curves_accuracy_says_so(call: Call, tmp_path: Path) -> None:
    _, out, _ = call("run", CLOCK, "--out", tmp_path)
    assert "from a learning curve, not from training" in out


def test_a_run_in_which_nobody_can_train_says_why(call: Call, tmp_path: Path) -> None:
    status, out, told = call("run", CLOCK, "--out", tmp_path, "--set", "fleet.memory_share=1e-4")
    assert status == 0
    assert "after 0 rounds" in out
    assert "warning: the run ended before its stop: no device has the memory for" in told


def test_set_and_seed_change_the_run(call: Call, tmp_path: Path) -> None:
    options = ("--out", tmp_path, "--json", "--set", "fleet.network.down_mbytes_per_s=0.5")
    _, out, _ = call("run", CLOCK, "--seed", 3, *options)
    result = json.loads(out)
    assert result["run_dir"].endswith("seed-0003")
    assert result["sim_seconds"] > 3600 * 0.26


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        (
            "rounds.particpants=3",
            "rounds.particpants is not a known key; did you mean p",
        ),
        ("rounds.participants=0", "rounds.participants must be at least 1, got 0"),
        ("rounds.participants=99", "rounds.participants must be at most partition.clients (15)"),
        ("stop.sim_s=.nan", "stop.sim_s must be a finite number, got NaN"),
        ("fleet.network.up_mbytes_per_s=-1", "fleet.network.up_mbytes_per_s must be at least 0"),
        ("fleet.devices={jetson-tx3: 1}", "fleet.devices: unknown device 'jetson-tx3'; nearest"),
        (
            "configurator.steps=[{rounds: 1, depth: 13, width: 8}]",
            "configurator.steps.0.depth must",
        ),
        ("model.source=shape:gpt", "model.source must be one of shape:bert-base"),
        (
            "fleet.network={kind: trace, downlink: lte.dwn, uplink: lte.up}",
            "fleet.network.downlink must be a preset, file, directory, pattern or fetch:PACK",
        ),
        ("cost.scale=flops", "cost.scale must be none for a synthetic task, got flops"),
    ],
)
def test_a_bad_value_is_one_line_and_leaves_nothing(
    call: Call, tmp_path: Path, override: str, complaint: str
) -> None:
    status, out, err = call("run", CLOCK, "--out", tmp_path / "runs", "--set", override)
    assert (status, out) == (2, "")
    assert err.startswith("fedadapter: ")
    assert complaint in err
    assert err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_an_output_directory_that_cannot_be_written_is_one_line(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, _, err = call("run", CLOCK, "--out", tmp_path / "file")
    assert status == 2
    assert err.startswith(f"fedadapter: {tmp_path / 'file'}")
    assert err.endswith(": Not a directory\n")


def test_a_format_that_the_processor_emulates_is_warned_of(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.precision.is_emulated", lambda precision: precision == "bf16")
    told = [
        call("run", CLOCK, "--out", tmp_path / name, "--numerics", name)
        for name in ("bf16", "fp32")
    ]
    assert [status for status, _, _ in told] == [0, 0]
    assert ["this processor emulates it" in err for _, _, err in told] == [True, False]
