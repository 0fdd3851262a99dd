"""Exports the rows of runs as Parquet files, one per kind, for pandas, DuckDB, Spark or R.

Without files: `record_tables(run_dir)["round"].to_pandas()` (needs the extra `pandas`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import polars as pl

from sim.records import DecisionRow, EvaluationRow, RefusalRow, Row
from sim.run_files import read_manifest
from sim.runlog import EVALUATIONS, EVENTS, write_atomically

from .rows import COLUMN_TYPES, RowTables, is_flat, open_rows
from .study import Study

_LISTS: dict[Any, tuple[str, str]] = {
    DecisionRow: ("branches", "branch"),
    RefusalRow: ("devices", "device"),
}
"""Kinds with fields that are mappings: the column that lists them, and the name of their keys."""


def record_tables(run_dir: Path) -> dict[str, pl.DataFrame]:
    """Return the rows of a run by kind, in log order, with fields as columns.

    Kinds without rows are left out. `config` is a struct. Fields that are mappings, such as the
    scores of a decision by branch, become one list of structs, with null for a missing key. Raises
    ValueError for a directory that is not a run directory and for a file that a run does not write.
    """
    read_manifest(run_dir)  # refuses a directory that is not a run directory
    events, evaluations = open_rows(run_dir / EVENTS), open_rows(run_dir / EVALUATIONS)
    tables = {
        kind.row: _as_logged((evaluations if kind is EvaluationRow else events).table(kind))
        for kind in get_args(Row)
        if is_flat(kind)
    }
    tables |= {kind.row: _listed(events, kind) for kind in _LISTS}
    return {kind: table for kind, table in tables.items() if len(table)}


def write_parquet(run_dir: Path, out: Path) -> list[Path]:
    """Write `<kind>.parquet` for each kind into `out`, each file whole or not at all."""
    tables = record_tables(run_dir)
    out.mkdir(parents=True, exist_ok=True)
    return [_write(table, out / f"{kind}.parquet") for kind, table in tables.items()]


def write_study_parquet(study: Study, out: Path) -> list[Path]:
    """Write `<kind>.parquet` with the rows of all runs of a study, after columns arm and seed.

    A kind that only some runs have is null-filled where it lacks a column.
    """
    tables: dict[str, list[pl.DataFrame]] = {}
    for run in study.runs:
        named = (pl.lit(run.arm).alias("arm"), pl.lit(run.seed, pl.Int64).alias("seed"))
        for kind, table in record_tables(run.path).items():
            tables.setdefault(kind, []).append(table.select(*named, pl.all()))
    out.mkdir(parents=True, exist_ok=True)
    return [
        _write(pl.concat(own, how="diagonal_relaxed"), out / f"{kind}.parquet")
        for kind, own in tables.items()
    ]


def _write(table: pl.DataFrame, path: Path) -> Path:
    content = BytesIO()
    table.write_parquet(content)
    write_atomically(path, content.getvalue())
    return path


def _as_logged(table: pl.DataFrame) -> pl.DataFrame:
    """Enums as text, since not every Parquet reader knows enums."""
    return table.cast({pl.Enum: pl.String})


def _listed(events: RowTables, kind: Any) -> pl.DataFrame:
    """A table of a kind whose mappings become one list of structs."""
    column, key = _LISTS[kind]
    types = {field.name: str(field.type) for field in fields(kind)}
    by_name = {
        name: COLUMN_TYPES[annotation.removeprefix("Mapping[str, ").removesuffix("]")]
        for name, annotation in types.items()
        if annotation.startswith("Mapping")
    }
    schema: dict[str, Any] = {
        name: COLUMN_TYPES.get(annotation, pl.String())
        for name, annotation in types.items()
        if name not in by_name
    }
    schema[column] = pl.List(pl.Struct({key: pl.String, **by_name}))
    rows = events.rows(kind)
    values = [row | {column: _structs(row, key, by_name)} for row in rows]
    columns = {name: [row[name] for row in values] for name in schema}
    return pl.DataFrame(columns, schema=schema)


def _structs(row: dict[str, Any], key: str, by_name: Collection[str]) -> list[dict[str, Any]]:
    names = dict.fromkeys(name for field in by_name for name in row[field])
    return [{key: name, **{field: row[field].get(name) for field in by_name}} for name in names]
