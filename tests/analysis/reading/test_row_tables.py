"""Tables of one kind of row, read in blocks of any size."""

from pathlib import Path

import polars as pl
import pytest

from analysis.reading import row_tables
from analysis.reading.row_tables import open_rows
from sim.records import ComputeRow, TransferRow, as_json

MOVED = [
    TransferRow(
        t_s=i + 0.5, start_s=float(i), client=i % 3, direction="up", bytes=10 * i, status="done"
    )
    for i in range(40)
]
TRAINED = ComputeRow(t_s=1.0, start_s=0.0, client=1, batches=2, cache="hit", status="done")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Forty transfers, a training behind every third."""
    path = tmp_path / "events.jsonl"
    trained = as_json(TRAINED) + "\n"
    lines = (f"{as_json(row)}\n{trained * (i % 3 == 0)}" for i, row in enumerate(MOVED))
    path.write_text("".join(lines))
    return path


@pytest.mark.parametrize("block_bytes", [1, 300, 1 << 25])
def test_a_table_is_the_same_in_blocks_of_any_size(
    path: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_tables, "_BLOCK_BYTES", block_bytes)
    events = open_rows(path)
    found = events.table(TransferRow, ["client", "bytes"])
    assert found.rows() == [(row.client, row.bytes) for row in MOVED]
    assert events.table(ComputeRow)["cache"].to_list() == ["hit"] * 14


def test_a_kind_without_rows_has_its_columns(path: Path, tmp_path: Path) -> None:
    path.write_text(as_json(TRAINED) + "\n")
    for events in (open_rows(path), open_rows(tmp_path / "none")):
        table = events.table(TransferRow, ["t_s", "direction"])
        assert table.is_empty()
        assert table.schema == {"t_s": pl.Float64(), "direction": pl.Enum(["down", "up"])}


def test_a_row_with_broken_json_is_refused_by_number(path: Path) -> None:
    good = as_json(MOVED[0])
    path.write_text(f"{good}\n{good.replace('0.5', '0.5.5')}\n")
    with pytest.raises(ValueError, match=f"^{path}:2: must be a row of JSON: "):
        open_rows(path).table(TransferRow)


def test_a_row_with_text_for_a_number_is_refused_by_number(path: Path) -> None:
    lines = [*map(as_json, MOVED), as_json(TRAINED)]
    rules = {"t_s": "must be a row with", "start_s": "must be a 'transfer' row: .*soon"}
    for key, rule in rules.items():
        bad = lines[31].replace(f'"{key}":31.', f'"{key}":"soon","was":31.')
        path.write_text("".join(f"{line}\n" for line in (*lines[:31], bad, *lines[32:])))
        with pytest.raises(ValueError, match=f"^{path}:32: {rule}"):
            open_rows(path).table(TransferRow)
