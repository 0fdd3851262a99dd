"""`fedadapter study`: its forecast, its progress, its table and figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml

Call = Callable[..., tuple[int, str, str]]


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


def test_progress_of_a_study_tells_each_run_and_the_whole(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    _, _, err = call("study", study_file, "--out", tmp_path / "a", "--workers", 1)
    lines = err.splitlines()
    assert lines[0] == "2 runs (0 finished), no trainings"
    assert "1 of 2 runs, about " in lines[-3]
    assert lines[-2].endswith("2 of 2 runs, about 0 s left")
    assert lines[-1] == f"results: {tmp_path / 'a' / 'two'}"
    _, _, err = call("study", study_file, "--out", tmp_path / "b", "--workers", 1, "--json")
    events = [json.loads(line) for line in err.splitlines()]
    assert events[0]["event"] == "forecast"
    assert [event["run"] for event in events if event.get("is_done")] == ["fast", "slow"]
    assert events[-1] == {"event": "results", "directory": str(tmp_path / "b" / "two")}
    assert {"sim_s", "accuracy", "trainings", "store_hits", "left_s"} <= set(events[-2])


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
    assert f"best = 80.0 % ({names[2]});" in " ".join(out.split())
    _, _, err = call("figures", out_dir / "two", "--out", tmp_path / "[/f]")
    assert f"figure: {tmp_path}/[/f]/time-to-accuracy.png\n" in err


def test_seeds_of_the_command_line_replace_those_of_the_study(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    status, _, err = call("study", study_file, "--seeds", "1-2,4", "--out", out, "--workers", 1)
    assert status == 0
    assert err.splitlines()[-1] == f"results: {out / 'two'}"
    assert sorted({path.name for path in out.glob("two/*/seed-*")}) == [
        "seed-0001",
        "seed-0002",
        "seed-0004",
    ]
    status, listed, _ = call("runs", out, "--json")
    runs = json.loads(listed)
    assert [(run["name"], run["seed"], run["state"]) for run in runs] == [
        (name, seed, "finished") for name in ("fast", "slow") for seed in (1, 2, 4)
    ]
    hours = sum(run["wall_seconds"] for run in runs) / 3600
    assert call("runs", out)[1].splitlines()[-1] == (
        f"6 of 6 finished, {hours:.2f} h, {sum(run['trainings'] for run in runs):,} trainings, "
        f"{sum(run['store_hits'] for run in runs):,} store hits; 6 without training"
    )
    (Path(runs[0]["directory"]) / "events.jsonl").write_text("")
    (Path(runs[1]["directory"]) / "DONE").unlink()
    (Path(runs[2]["directory"]) / "manifest.json").write_text("{")
    listed = call("runs", out)[1]
    assert "changed: events.jsonl" in listed
    assert "unfinished" in listed
    assert "must be JSON" in listed
    assert listed.splitlines()[-1].startswith("4 of 6 finished, ")


def test_some_arms_run_alone_and_the_rest_later(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    options = ("--out", tmp_path / "runs", "--workers", 1)
    status, _, err = call("study", study_file, *options, "--arms", "slow")
    assert status == 0
    assert err.splitlines()[0] == "1 runs (0 finished), no trainings"
    _, out, _ = call("table", tmp_path / "runs" / "two", "--json")
    assert {row["arm"] for row in json.loads(out)} == {"slow"}
    status, _, err = call("study", study_file, *options)
    assert (status, err.splitlines()[0]) == (0, "2 runs (1 finished), no trainings")
    _, out, _ = call("table", tmp_path / "runs" / "two", "--json")
    assert {row["arm"] for row in json.loads(out)} == {"fast", "slow"}


def test_runs_of_other_arms_stay_listed(call: Call, study_file: Path, tmp_path: Path) -> None:
    options = ("--out", tmp_path / "runs", "--workers", 1)
    call("study", study_file, *options, "--arms", "slow", "--seeds", "0-2")
    call("study", study_file, *options, "--arms", "fast")
    _, out, _ = call("table", tmp_path / "runs" / "two", "--json")
    assert {(row["arm"], row["n_seeds"]) for row in json.loads(out)} == {("fast", 1), ("slow", 3)}
    call("study", study_file, *options)
    _, out, _ = call("table", tmp_path / "runs" / "two", "--json")
    assert {(row["arm"], row["n_seeds"]) for row in json.loads(out)} == {("fast", 1), ("slow", 1)}


def test_a_dry_run_of_some_arms_lists_them_alone(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    options = ("--out", tmp_path / "runs", "--dry-run", "--arms", "slow")
    _, out, _ = call("study", study_file, *options)
    assert [line.split("  ")[0] for line in out.splitlines()] == [
        "slow",
        "1 runs (0 finished), no trainings",
    ]


def test_an_arm_that_the_study_lacks_is_refused(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    status, _, err = call("study", study_file, "--out", tmp_path / "runs", "--arms", "fats")
    assert status == 2
    assert "two: no arm 'fats'; nearest: 'fast'" in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("seeds", "complaint"),
    [
        ("a", "--seeds a: must be ids and ranges, got 'a'"),
        ("3-1", "--seeds 3-1: a range must not end before it begins, got 3-1"),
        ("0-3,2", "--seeds 0-3,2: must differ"),
        ("0-99999999999", "--seeds 0-99999999999: must be at most 10,000 numbers"),
        (f"0-{2**63 - 1}", f"must be at most 10,000 numbers, got {2**63:,}"),
        (str(2**63), f"seed must be at most {2**63 - 1}, got {2**63}"),
    ],
)
def test_seeds_that_cannot_be_are_refused(
    call: Call, study_file: Path, seeds: str, complaint: str
) -> None:
    status, _, err = call("study", study_file, "--seeds", seeds, "--dry-run")
    assert status == 2
    assert complaint in err


def test_the_rows_of_a_study_become_one_parquet_file_a_kind(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    call("study", study_file, "--out", tmp_path, "--workers", 1)
    assert call("parquet", tmp_path / "two")[0] == 0
    rounds = pl.read_parquet(tmp_path / "two/parquet/round.parquet")
    assert rounds.columns[:2] == ["arm", "seed"]
    assert set(rounds["arm"]) == {"slow", "fast"}
    (run_dir,) = (tmp_path / "two").glob("fast-*/seed-0000")
    lines = (run_dir / "events.jsonl").read_text().splitlines()
    n_rounds = sum(json.loads(line)["row"] == "round" for line in lines)
    assert len(rounds.filter(pl.col("arm") == "fast")) == n_rounds


def test_a_timeline_says_what_the_log_lacks(call: Call, study_file: Path, tmp_path: Path) -> None:
    call("study", study_file, "--out", tmp_path, "--workers", 1)
    (run_dir,) = (tmp_path / "two").glob("fast-*/seed-0000")
    err = call("timeline", run_dir)[2]
    assert "`log: clients` writes the first, `log: all` both" in err
