"""A file of rows as tables: exact values, cut files, and bad lines refused by number."""

from __future__ import annotations

from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.reading.rows import open_rows
from sim.records import ClientRow, ComputeRow, FailedRow, TransferRow
from sim.row_lines import as_json

MOVED = [
    TransferRow(
        t_s=i + 0.5, start_s=float(i), client=i % 3, direction="up", bytes=10 * i, status="done"
    )
    for i in range(40)
]
TRAINED = ComputeRow(t_s=1.0, start_s=0.0, client=1, batches=2, cache="hit", status="done")
ZEROS: dict[str, Any] = {f.name: 0.0 if f.type == "float" else 0 for f in fields(ClientRow)}
CLIENT = ClientRow(**ZEROS | {"branch": "keep", "outcome": "done", "cache": "hit"})
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def written(path: Path, *lines: str, rest: str = "") -> Path:
    path.write_text("".join(f"{line}\n" for line in lines) + rest, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In a directory whose name is a pattern."""
    directory = tmp_path_factory.mktemp("a[1]*?")
    return directory / "events.jsonl"


def test_each_kind_is_a_table_in_file_order(path: Path) -> None:
    lines = [line for row in MOVED for line in (as_json(row), as_json(TRAINED))]
    events = open_rows(written(path, *lines))
    found = events.table(TransferRow, ["client", "bytes"])
    assert found.rows() == [(row.client, row.bytes) for row in MOVED]
    assert events.table(ComputeRow)["cache"].to_list() == ["hit"] * 40
    assert events.sha256 == sha256(path.read_bytes()).hexdigest()
    assert not events.is_cut


@given(
    st.lists(
        st.builds(
            replace,
            st.just(CLIENT),
            client=st.integers(0, 10**9),
            branch=st.one_of(st.just("keep"), st.text(), st.just('a,"round":7,')),
            outcome=st.sampled_from(["open", "done", "late", "lost", "cut"]),
            compute_s=FLOATS,
        ),
        min_size=1,
    )
)
def test_values_are_read_exactly(path: Path, rows: list[ClientRow]) -> None:
    names = ["client", "branch", "outcome", "round", "compute_s"]
    events = open_rows(written(path, *map(as_json, rows)))
    told = events.table(ClientRow, names).rows()
    assert told == [tuple(getattr(row, name) for name in names) for row in rows]


def test_a_kind_without_rows_has_its_columns(path: Path, tmp_path: Path) -> None:
    written(path, as_json(TRAINED))
    for events in (open_rows(path), open_rows(tmp_path / "none")):
        table = events.table(TransferRow, ["t_s", "direction"])
        assert table.is_empty()
        assert table.schema == {"t_s": pl.Float64(), "direction": pl.Enum(["down", "up"])}
    assert open_rows(tmp_path / "none").sha256 == sha256().hexdigest()


@pytest.mark.parametrize("rest", ["{", '{"row":"client",', "}"])
def test_a_row_that_a_kill_has_cut_is_left_out(path: Path, rest: str) -> None:
    events = open_rows(written(path, as_json(CLIENT), as_json(TRAINED), rest=rest))
    assert events.is_cut
    assert len(events.table(ClientRow)) == len(events.table(ComputeRow)) == 1


def test_another_writers_layout_is_read_too(path: Path) -> None:
    line = as_json(CLIENT).replace(",", ", ").replace(":", ": ")
    failed = '{"t_s": 2.0, "error": "x", "row": "failed"}'
    assert open_rows(written(path, line, failed)).rows(FailedRow) == [
        {"t_s": 2.0, "error": "x", "row": "failed"}
    ]
    assert len(open_rows(path).table(ClientRow)) == 1


def test_a_field_that_an_older_version_did_not_write_is_null(path: Path) -> None:
    line = as_json(CLIENT).replace('"staleness":0,', "")
    assert open_rows(written(path, line)).table(ClientRow, ["staleness", "gone_s"]).rows() == [
        (None, 0.0)
    ]
    with pytest.raises(ValueError, match="some client rows lack 'staleness'"):
        open_rows(written(path, line, as_json(CLIENT))).table(ClientRow, ["staleness"])


@pytest.mark.parametrize(
    "value", ["inf", "nan", "soon", '"1.0"', "1.0.0", "{}", "", "1e999", "null"]
)
def test_what_is_no_number_is_refused_by_line(path: Path, value: str) -> None:
    bad = as_json(CLIENT).replace('"gone_s":0.0', f'"gone_s":{value}')
    written(path, *[as_json(CLIENT)] * 30, bad, as_json(CLIENT))
    with pytest.raises(ValueError, match=r"events\.jsonl:31: (gone_s )?must be a "):
        open_rows(path).table(ClientRow)


def test_an_unknown_word_is_refused_by_line(path: Path) -> None:
    written(path, as_json(CLIENT), as_json(CLIENT).replace('"cache":"hit"', '"cache":"warm"'))
    with pytest.raises(ValueError, match=r":2: cache must be one of none, fill, hit, got 'warm'"):
        open_rows(path).table(ClientRow, ["cache"])


@pytest.mark.parametrize("bad", ["", "}", "3", "{}", '{"row":"end"}', '{"row":"client","t_s":'])
def test_a_line_that_is_not_a_row_is_refused_by_line(path: Path, bad: str) -> None:
    written(path, '{"row":"failed","t_s":1.0,"error":""}', as_json(CLIENT), bad, "{}")
    with pytest.raises(ValueError, match=r"events\.jsonl:3: (must be a |key 't_s' is missing)"):
        open_rows(path)


def test_a_missing_key_of_a_frequent_row_is_refused_by_line_and_key(path: Path) -> None:
    bad = as_json(CLIENT).replace('"energy_j":0.0,', "")
    written(path, *[as_json(CLIENT)] * 30, bad, as_json(CLIENT))
    with pytest.raises(ValueError, match=r"events\.jsonl:31: key 'energy_j' is missing"):
        open_rows(path).table(ClientRow)
