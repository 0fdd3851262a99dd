"""A run's records as Parquet, one file a kind: for pandas, DuckDB, Spark or R.

`record_tables(run_dir)["round"].to_pandas()` is the same in one call (extra `pandas`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import polars as pl

from sim.records import DecisionRow, EvaluationRow, Row

from .row_tables import CONFIG, RowTables, is_flat, open_rows

_OF_BRANCH = {
    "scores": pl.Float64,
    "rounds": pl.Int64,
    "spent_client_rounds": pl.Int64,
    "spent_bytes": pl.Int64,
    "spent_j": pl.Float64,
    "spent_s": pl.Float64,
}
"""What a decision tells branch by branch; null where a branch has none."""

_BRANCHES = pl.List(pl.Struct({"branch": pl.String, **_OF_BRANCH}))
_DECISIONS: dict[str, Any] = {
    "t_s": pl.Float64,
    "trial": pl.Int64,
    "branches": _BRANCHES,
    "chosen": pl.String,
    "config": CONFIG,
    "lineage_round": pl.Int64,
    "state": pl.String,
}


def record_tables(run_dir: Path) -> dict[str, pl.DataFrame]:
    """The run's records by kind, those that its log has, fields as columns, in the log's order.

    `config` is a struct; a decision's scores and rounds are one list of its branches. Raises
    ValueError for a directory that is no run's, or files that no run writes.
    """
    if not (run_dir / "manifest.json").exists():
        raise ValueError(f"{run_dir}: is not a run directory (no manifest.json in it)")
    events = open_rows(run_dir / "events.jsonl")
    evaluations = open_rows(run_dir / "evaluations.jsonl")
    tables = {
        kind.row: (evaluations if kind is EvaluationRow else events).table(kind)
        for kind in get_args(Row)
        if is_flat(kind)
    }
    tables[DecisionRow.row] = _decisions(events)
    return {kind: table for kind, table in tables.items() if len(table)}


def write_parquet(run_dir: Path, out: Path) -> list[Path]:
    """Write `<kind>.parquet` for each kind into `out`, each file whole or not at all."""
    tables = record_tables(run_dir)
    out.mkdir(parents=True, exist_ok=True)
    return [_write(table, out / f"{kind}.parquet") for kind, table in tables.items()]


def _write(table: pl.DataFrame, path: Path) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    table.write_parquet(draft)
    draft.replace(path)
    return path


def _decisions(events: RowTables) -> pl.DataFrame:
    rows = [row for row in events.others if row.get("row") == DecisionRow.row]
    try:
        values = [row | {"branches": _branches(row)} for row in rows]
        columns = {name: [row[name] for row in values] for name in _DECISIONS}
    except KeyError as error:
        raise ValueError(f"{events.path}: a row lacks {error}") from None
    return pl.DataFrame(columns, schema=_DECISIONS)


def _branches(row: dict[str, Any]) -> Sequence[dict[str, Any]]:
    names = dict.fromkeys(name for field in _OF_BRANCH for name in row[field])
    return [
        {"branch": name, **{field: row[field].get(name) for field in _OF_BRANCH}} for name in names
    ]
