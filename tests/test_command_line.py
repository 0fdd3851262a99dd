"""The command line: results on standard output, one line and status 2 for bad input."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import fedadapter
from commands.display import Display
from sim.progress import RunProgress

ROOT = Path(__file__).parents[1]
CLOCK = ROOT / "scenarios/paper/clock/agnews-88.yaml"

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """call(*arguments) -> (exit status, standard output, standard error)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fedadapter", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            fedadapter.main()
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    return run


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    """Two arms of the published clock, one of them with thrice the bandwidth."""
    base = yaml.safe_load(CLOCK.read_text())
    arms = {"slow": None, "fast": {"fleet.network.up_mbytes_per_s": 3.0}}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump({"name": "two", "base": base, "arms": arms, "seeds": [0]}))
    return path


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
    assert "a learning curve's, not from training" in out


def test_set_and_seed_change_the_run(call: Call, tmp_path: Path) -> None:
    options = ("--out", tmp_path, "--json", "--set", "fleet.network.down_mbytes_per_s=0.5")
    _, out, _ = call("run", CLOCK, "--seed", 3, *options)
    result = json.loads(out)
    assert result["run_dir"].endswith("seed-0003")
    assert result["sim_seconds"] > 3600 * 0.26


def test_a_study_ends_with_its_table_and_figures(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    status, _, _ = call("study", study_file, "--out", tmp_path, "--workers", 1)
    assert status == 0
    _, out, _ = call("table", tmp_path / "two", "--json")
    rows = json.loads(out)
    assert {"hours", "hours_low", "speedup", "n_seeds"} <= set(rows[0])
    _, out, _ = call("table", tmp_path / "two", "--format", "latex", "--target", 0.6)
    assert out.count(r"\midrule") == 1
    assert r" & 60 \% & " in out
    _, out, _ = call("table", tmp_path / "two")
    assert "accuracy from a learning curve, not from training" in " ".join(out.split())
    hours = {row["arm"]: row["hours"] for row in rows if row["target"] == "60 %"}
    assert hours["fast"] < hours["slow"]
    options = ("--out", tmp_path / "figures", "--format", "pdf")
    status, _, err = call("figures", tmp_path / "two", *options)
    assert status == 0
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert "time-to-accuracy.pdf" in names
    assert not any(name.endswith((".png", ".svg")) for name in names)
    assert "left out: what-if: the study has no axes\n" in err


def test_figures_that_cannot_be_drawn_are_refused(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    call("study", study_file, "--out", tmp_path, "--workers", 1)
    study = tmp_path / "two"
    status, _, err = call("figures", study, "--only", "no-such")
    assert status == 2
    assert err.startswith("fedadapter: no figure is named no-such; known: time-to-accuracy, ")
    status, _, err = call("figures", study, "--only", "heat-map")
    reason = "heat-map: a heat map needs two axes, the study has 0"
    assert status == 2
    assert err.endswith(f"fedadapter: {study}: no figure could be drawn; {reason}\n")
    status, _, err = call("figures", study, "--target", 60)
    assert (status, err) == (2, "fedadapter: a target must be above 0 and at most 1, got 60\n")


def test_init_writes_a_scenario_that_validates(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    assert call("init", path)[0] == 0
    status, out, _ = call("validate", path, "--json")
    assert (status, json.loads(out)["configurator"]["kind"]) == (0, "sideline")
    status, _, err = call("init", path)
    assert (status, err) == (2, f"fedadapter: {path}: File exists\n")


def test_validate_prints_the_resolved_scenario(call: Call) -> None:
    _, out, _ = call("validate", CLOCK, "--set", "rounds.participants=7")
    resolved = yaml.safe_load(out)
    assert resolved["rounds"]["participants"] == 7
    assert resolved["evaluation"]["report_on"] == "test"


def test_validate_warns_of_policies_that_force_training(call: Call) -> None:
    status, out, err = call("validate", CLOCK, "--set", "selection={kind: oort}")
    assert (status, yaml.safe_load(out)["selection"]["pacer_rounds"]) == (0, 20)
    assert err.startswith("warning: selection.kind oort reads losses: every aggregation is trained")
    assert call("validate", CLOCK)[2] == ""


def test_schema_is_json(call: Call) -> None:
    assert json.loads(call("schema")[1])["properties"]["rounds"]


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


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("demo", "--workers", 0), "'--workers': Input should be greater than or equal to 1"),
        (("run", CLOCK, "--seed", -1), "'--seed': Input should be greater than or equal to 0"),
        (("frob",), "No such command 'frob'"),
        (("traces", "frob"), "No such command 'frob'"),
        (("run", CLOCK, "--frob"), "No such option: --frob"),
        (("run",), "Missing argument 'SCENARIO.yaml'"),
        (("traces", "convert", "x"), "Missing option '--to'. Choose from: sabre, csv, mahimahi"),
    ],
)
def test_a_usage_error_is_one_line(
    call: Call, arguments: tuple[object, ...], complaint: str
) -> None:
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("fedadapter: ")
    assert complaint in err
    assert err.count("\n") == 1


def test_help_is_shown_when_asked_for_and_when_nothing_is(call: Call) -> None:
    status, out, err = call("run", "--help")
    assert (status, err) == (0, "")
    assert "Run one scenario" in out
    status, out, err = call()
    assert (status, err) == (2, "")
    assert "Commands" in out


def test_what_does_not_fit_names_the_scenario(call: Call, tmp_path: Path) -> None:
    override = ("--set", "model.source=shape:gpt")
    rule = f"fedadapter: {CLOCK}: model.source must be one of shape:bert-base"
    assert call("validate", CLOCK, *override)[2].startswith(rule)
    assert call("run", CLOCK, *override, "--out", tmp_path)[2].startswith(rule)
    unknown = call("validate", CLOCK, "--set", "rounds.nil=1")[2]
    assert unknown.count(str(CLOCK)) == 1


def test_names_and_paths_are_printed_as_they_are(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    names = ["[/x] closes", "[abc]", ":bug: [red]r[/red]"]
    content = yaml.safe_load(study_file.read_text())
    content["arms"] = {
        name: {"fleet.network.up_mbytes_per_s": i + 1.0} for i, name in enumerate(names)
    }
    study_file.write_text(yaml.safe_dump(content))
    out_dir = tmp_path / "[b]"
    status, out, _ = call("study", study_file, "--out", out_dir, "--workers", 1)
    assert status == 0
    assert all(f"\n {name}  " in out for name in names)
    assert f"({names[2]}, moving mean of 3 evaluations)" in " ".join(out.split())
    _, _, err = call("figures", out_dir / "two", "--out", tmp_path / "[/f]")
    assert f"figure: {tmp_path}/[/f]/time-to-accuracy.png\n" in err


def test_progress_shows_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    name = "[/x] closes [abc] :bug:"
    progress = RunProgress(run=name, sim_s=2.0, round=1, config="c", accuracy=0.5, fraction=0.1)
    with Display() as display:
        display.show(progress)
    line = f"{name}  2.0 s  round 1  50.0%  c  0 trainings, 0 store hits  \n"
    assert capsys.readouterr().err == line


def test_progress_shows_what_comes_before_training(capsys: pytest.CaptureFixture[str]) -> None:
    shown: Any = {"run": "r", "sim_s": 0.0, "round": 0, "accuracy": None}
    with Display() as display:
        before = RunProgress(**shown, config="", fraction=None, doing="encoding: 40%")
        display.show(before)
        display.printed_s.clear()
        display.show(RunProgress(**shown, config="c", fraction=0.0))
    assert capsys.readouterr().err.split("\n")[:2] == [
        "r  0.0 s  round 0    encoding: 40%  0 trainings, 0 store hits  ",
        "r  0.0 s  round 0    c  0 trainings, 0 store hits  ",
    ]


def test_progress_of_a_study_tells_each_run_and_the_whole(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    _, _, err = call("study", study_file, "--out", tmp_path / "a", "--workers", 1)
    lines = err.splitlines()
    assert lines[0] == "2 runs (0 finished), no trainings"
    assert "1 of 2 runs, about " in lines[2]
    assert lines[-1] == "2 of 2 runs"
    _, _, err = call("study", study_file, "--out", tmp_path / "b", "--workers", 1, "--json")
    events = [json.loads(line) for line in err.splitlines()]
    assert events[0]["event"] == "forecast"
    assert [event["run"] for event in events[1:] if event["is_done"]] == ["fast", "slow"]
    assert {"sim_s", "accuracy", "trainings", "store_hits"} <= set(events[-1])


def test_bad_files_are_one_line(call: Call, tmp_path: Path, study_file: Path) -> None:
    missing = tmp_path / "none.yaml"
    assert call("run", missing)[::2] == (
        2,
        f"fedadapter: {missing}: cannot be read: No such file or directory\n",
    )
    twice = tmp_path / "twice.yaml"
    twice.write_text("name: a\nname: b\n")
    assert call("validate", twice)[2] == (
        f"fedadapter: {twice}: line 2: 'name' must stand once, got it twice\n"
    )
    content = yaml.safe_load(study_file.read_text())
    content["arms"]["fast"] = {"rounds.particpants": 3}
    study_file.write_text(yaml.safe_dump(content))
    status, _, err = call("study", study_file)
    assert status == 2
    assert f"{study_file}: arms.fast: rounds.particpants is not a known key" in err


def test_an_output_directory_that_cannot_be_written_is_one_line(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, _, err = call("run", CLOCK, "--out", tmp_path / "file")
    assert status == 2
    assert err.startswith(f"fedadapter: {tmp_path / 'file'}")
    assert err.endswith(": Not a directory\n")


def test_a_directory_without_runs_is_one_line(call: Call, tmp_path: Path) -> None:
    status, _, err = call("table", tmp_path)
    assert status == 2
    assert err.count("\n") == 1
    assert str(tmp_path) in err


def test_traces_are_described_and_a_bad_file_stops_no_other(call: Call, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.down", tmp_path / "bad"
    good.write_text("".join(f"{ms}\n" for ms in range(1, 1001)))
    bad.write_text("no trace\n")
    status, out, _ = call("traces", "info", bad, good, "--json")
    rows = json.loads(out)
    assert status == 2
    assert [row["file"] for row in rows] == [str(bad), str(good)]
    assert rows[0]["error"].startswith(f"{bad}:1: ")
    assert (rows[1]["mean_mbit_per_s"], rows[1]["duration_s"]) == (pytest.approx(12.0), 1.0)
    _, out, err = call("traces", "info", bad, good)
    assert "12 Mbit/s" in out
    assert err.count("\n") == 1


def test_traces_are_plotted_and_converted(call: Call, tmp_path: Path) -> None:
    trace = tmp_path / "link.down"
    trace.write_text("".join(f"{ms}\n" for ms in range(1, 1001)))
    assert call("traces", "plot", trace, "--out", tmp_path / "figure")[0] == 0
    assert {"figure.png", "figure.svg"} <= {path.name for path in tmp_path.iterdir()}
    converted = tmp_path / "link.json"
    assert call("traces", "convert", trace, "--to", "sabre", "--out", converted)[0] == 0
    assert json.loads(converted.read_text())[0]["bandwidth_kbps"] == 12_000
    status, _, err = call("traces", "convert", trace, "--to", "csv", "--direction", "up")
    assert status == 2
    assert "has no uplink" in err


def test_a_table_is_described_with_its_columns_declared(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "drive.csv"
    table.write_text("t,rate\n0,8\n1,16\n")
    columns = ("time=t", "down=rate", "time_unit=s", "rate_unit=Mbit/s")
    options = [text for column in columns for text in ("--option", column)]
    status, out, _ = call("traces", "info", table, "--format", "csv", *options, "--json")
    assert (status, json.loads(out)[0]["mean_mbit_per_s"]) == (0, pytest.approx(12.0))
    assert call("traces", "info", table, "--option", "time")[2].endswith("form key=value\n")


def test_a_run_is_replayed_and_compared(call: Call, tmp_path: Path) -> None:
    _, out, _ = call("run", CLOCK, "--out", tmp_path, "--json")
    run_dir = json.loads(out)["run_dir"]
    axis = "fleet.network.down_mbytes_per_s,fleet.network.up_mbytes_per_s=[0.5, 2]"
    status, out, _ = call("replay", run_dir, "--axis", axis, "--out", tmp_path, "--json")
    slow, fast = json.loads(out)
    assert (status, slow["diverges_at_s"], slow["trainings"]) == (0, None, 0)
    assert slow["sim_seconds"] > fast["sim_seconds"]
    _, out, _ = call("diff", slow["run_dir"], fast["run_dir"])
    assert "fleet.network.down_mbytes_per_s" in out
    assert "first differing row: events.jsonl line 1 (round): t_s is " in out
    assert "learning is the same" in out
    _, out, _ = call("replay", run_dir, "--set", "rounds.participants=7", "--out", tmp_path)
    assert "learning diverges at simulated second" in " ".join(out.split())
    assert "the logs are equal" in call("diff", run_dir, run_dir)[1]
    for bad in ("[1, 2]", "a.b", "a.b=3"):
        status, _, err = call("replay", run_dir, "--axis", bad)
        assert (status, err.count("\n")) == (2, 1)
        assert err.startswith(f"fedadapter: --axis {bad}: must be")
    status, _, err = call("diff", run_dir, tmp_path / "none")
    assert (status, err) == (
        2,
        f"fedadapter: {tmp_path / 'none'}: is no run directory (it has no manifest.json)\n",
    )


def test_a_dry_run_lists_the_runs_and_starts_nothing(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    status, out, _ = call("study", study_file, "--out", tmp_path / "runs", "--dry-run")
    assert status == 0
    assert [line.split("  ")[:2] for line in out.splitlines()[:2]] == [
        ["fast", "seed 0"],
        ["slow", "seed 0"],
    ]
    assert out.splitlines()[2] == "2 runs (0 finished), no trainings"
    assert not (tmp_path / "runs").exists()
    _, out, _ = call("study", study_file, "--out", tmp_path / "runs", "--dry-run", "--json")
    assert json.loads(out)["forecast"]["runs"] == 2


def test_the_store_is_told_limited_verified_and_pruned(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    empty = json.loads(call("store", "info", "--json")[1])
    assert empty["kinds"]["states"] == {"kind": "states", "files": 0, "bytes": 0}
    assert call("store", "limit", "5")[0] == 0
    assert "5.0" in call("store", "info")[1]
    bad = tmp_path / "fedadapter/store/evaluations/aa/aa-test-00.json"
    bad.parent.mkdir(parents=True)
    bad.write_text("{}")
    status, out, err = call("store", "verify")
    assert (status, out) == (1, "1 damaged\n")
    assert err == f"discarded, will be made again when needed: {bad}\n"
    assert call("store", "verify")[0] == 0
    assert json.loads(call("store", "prune", "--json")[1]) == {"files": 0, "bytes": 0}


def test_a_run_without_weights_is_not_exported(call: Call, tmp_path: Path) -> None:
    _, out, _ = call("run", CLOCK, "--json", "--out", tmp_path)
    run_dir = json.loads(out)["run_dir"]
    status, out, err = call("export", run_dir, tmp_path / "model")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "must be a run with learner.kind torch; a curve has no weights" in err
    status, _, err = call("export", run_dir, tmp_path / "model", "--at", "worst")
    assert (status, err.count("\n")) == (2, 1)
    assert not (tmp_path / "model").exists()
