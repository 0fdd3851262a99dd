"""Rows as JSON lines."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import get_args

import pytest

from sim.records import ClientRow, ComputeRow, DropoutRow, Row, TransferRow
from sim.row_lines import as_json

CLIENT = ClientRow(
    t_s=1 / 3,
    start_s=0.0,
    client=7,
    trial=0,
    branch='a "quoted" näme',
    round=3,
    outcome="done",
    cache="hit",
    wait_s=0.0,
    down_s=1e-7,
    compute_s=1e22,
    up_s=0.1 + 0.2,
    idle_s=0.0,
    gone_s=0.0,
    down_bytes=2**60,
    up_bytes=0,
    energy_j=5.0,
    lost_s=0.0,
    lost_bytes=0,
    lost_j=0.0,
    cache_bytes=0,
)
ROWS: list[Row] = [
    CLIENT,
    replace(CLIENT, branch="keep", outcome="late"),
    replace(CLIENT, idle_j=1.5),
    TransferRow(t_s=1.5, start_s=0.5, client=1, direction="up", bytes=9, status="cut"),
    ComputeRow(t_s=1.5, start_s=0.5, client=1, batches=9, cache="none", status="done"),
    DropoutRow(t_s=1.5, client=1, stage="down", reason="offline"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.row)
def test_a_row_reads_back_to_its_fields_in_order(row: Row) -> None:
    known = {f.name: getattr(row, f.name) for f in fields(row)}
    values = {"row": row.row} | {name: value for name, value in known.items() if value is not None}
    assert list(json.loads(as_json(row)).items()) == list(values.items())
    assert as_json(row) == json.dumps(values, separators=(",", ":"))


def test_no_name_is_a_number_in_one_kind_of_row_and_a_list_or_mapping_in_another() -> None:
    """analysis.reading reads columns by name, across the kinds of rows."""
    types = {(field.name, str(field.type)) for kind in get_args(Row) for field in fields(kind)}
    nested = ("Mapping", "tuple", "TuningConfig")
    deep = {name for name, annotation in types if annotation.startswith(nested)}
    flat = {name for name, annotation in types if not annotation.startswith(nested)}
    assert deep
    assert deep.isdisjoint(flat)
