"""Parquet export: every row and every field of the log."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from analysis.reading.parquet import record_tables, write_parquet
from sim import load_scenario, run_scenario

SCENARIO = Path(__file__).parents[3] / "scenarios/world/dropout.yaml"


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    changes = ["log=all", "configurator={kind: sideline, interval_s: 600}", "stop.rounds=6"]
    changes += ["rounds.min_reports=2"]
    scenario = load_scenario(SCENARIO, changes)
    return run_scenario(scenario, out=tmp_path_factory.mktemp("runs")).run_dir


def logged(run_dir: Path) -> list[dict[str, Any]]:
    files = (run_dir / name for name in ("events.jsonl", "evaluations.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_every_row_of_the_log_is_exported_by_kind(run_dir: Path, tmp_path: Path) -> None:
    rows = logged(run_dir)
    written = {path.stem: pl.read_parquet(path) for path in write_parquet(run_dir, tmp_path)}
    kinds = {row["row"] for row in rows}
    assert kinds == set(written)
    assert kinds >= {"transfer", "compute", "client", "round", "decision", "end", "evaluation"}
    for kind, table in written.items():
        assert len(table) == sum(row["row"] == kind for row in rows)


def test_fields_are_columns_with_their_values(run_dir: Path) -> None:
    tables = record_tables(run_dir)
    for kind in ("round", "client", "transfer"):
        first = next(row for row in logged(run_dir) if row["row"] == kind)
        told = tables[kind].row(0, named=True)
        config = told.pop("config", {})
        assert told == {key: first.get(key) for key in told}
        assert {k: v for k, v in config.items() if v is not None} == first.get("config", {})


def test_a_decision_lists_its_branches(run_dir: Path) -> None:
    decision = next(row for row in logged(run_dir) if row["row"] == "decision")
    told = record_tables(run_dir)["decision"].row(0, named=True)
    for field in ("scores", "rounds", "spent_bytes"):
        assert {branch["branch"]: branch[field] for branch in told["branches"]} == decision[field]


def test_a_directory_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a run directory"):
        write_parquet(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_that_cannot_be_written_is_named_and_leaves_no_draft(
    run_dir: Path, tmp_path: Path
) -> None:
    taken = tmp_path / "round.parquet"
    taken.mkdir()
    with pytest.raises(OSError, match=r"round\.parquet"):
        write_parquet(run_dir, tmp_path)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.slow
def test_a_table_becomes_a_pandas_frame_in_one_call(run_dir: Path) -> None:
    frame = record_tables(run_dir)["client"].to_pandas()
    assert frame["energy_j"].sum() > 0


def test_refusals_are_listed_by_device_class(tmp_path: Path) -> None:
    changes = ["fleet.devices={jetson-tx2: 0.5, jetson-nano: 0.5}", "stop.rounds=1"]
    changes += ["configurator={kind: fixed, config: {kind: full}}", "rounds.min_reports=1"]
    run = run_scenario(load_scenario(SCENARIO, changes), out=tmp_path)
    told = record_tables(run.run_dir)["refusal"].row(0, named=True)
    assert [device["device"] for device in told["devices"]] == ["jetson-nano"]
