"""A run's records as Parquet, one file a kind: for pandas, DuckDB, Spark or R.

`record_tables(run_dir)["round"].to_pandas()` is the same in one call (extra `pandas`).
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

from .row_decoding import COLUMN_TYPES
from .row_index import is_flat
from .row_tables import RowTables, open_rows

_LISTS: dict[Any, tuple[str, str]] = {
    DecisionRow: ("branches", "branch"),
    RefusalRow: ("devices", "device"),
}
"""Kinds that tell numbers by name: the column that lists them, and what the name is of."""


def record_tables(run_dir: Path) -> dict[str, pl.DataFrame]:
    """The run's records by kind, those that its log has, fields as columns, in the log's order.

    `config` is a struct; numbers by name, such as a decision's scores by branch, are one list of
    structs, null where a name has none. Raises ValueError for a directory that is no run's, or
    files that no run writes.
    """
    read_manifest(run_dir)  # refuses a directory that is not a run's
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


def _write(table: pl.DataFrame, path: Path) -> Path:
    content = BytesIO()
    table.write_parquet(content)
    write_atomically(path, content.getvalue())
    return path


def _as_logged(table: pl.DataFrame) -> pl.DataFrame:
    """Words as texts: what else they are would depend on the reader."""
    return table.cast({pl.Enum: pl.String})


def _listed(events: RowTables, kind: Any) -> pl.DataFrame:
    """A kind with fields that are mappings: these become one list of structs."""
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
    rows = [row for row in events.index.others if row.get("row") == kind.row]
    try:
        values = [row | {column: _structs(row, key, by_name)} for row in rows]
        columns = {name: [row[name] for row in values] for name in schema}
    except KeyError as error:
        raise ValueError(f"{events.path}: a row lacks {error}") from None
    return pl.DataFrame(columns, schema=schema)


def _structs(row: dict[str, Any], key: str, by_name: Collection[str]) -> list[dict[str, Any]]:
    names = dict.fromkeys(name for field in by_name for name in row[field])
    return [{key: name, **{field: row[field].get(name) for field in by_name}} for name in names]
