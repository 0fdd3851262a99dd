"""Reads a file of rows as tables, one per kind of row, through polars."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import polars as pl
from polars.exceptions import PolarsError

from sim.records import FrequentRow, Row
from sim.run_files import RunFileError, parse_row

CONFIG = pl.Struct({"kind": pl.String, "depth": pl.Int64, "width": pl.Int64, "rank": pl.Int64})
"""A tuning configuration; a field that its kind does not have is null."""

COLUMN_TYPES: dict[str, Any] = {
    "float": pl.Float64(),
    "int": pl.Int64(),
    "bool": pl.Boolean(),
    "tuple[int, ...]": pl.List(pl.Int64),
    "TuningConfig": CONFIG,
}
"""Column type by the annotation of a field; any other annotation is text."""

_WORD = re.compile(r"'([a-z]+)'")
"""A word of a Literal annotation."""

_BLOCK_BYTES = 1 << 24  # decoded at a time, so that memory does not grow with the log


def is_flat(kind: type[Row]) -> bool:
    """Whether a kind of row fits a table: none of its fields is a mapping."""
    return not any(str(field.type).startswith("Mapping") for field in fields(kind))


_FREQUENT: tuple[type[Row], ...] = get_args(FrequentRow)
_HEADS = tuple(f'{{"row":"{kind.row}",'.encode() for kind in _FREQUENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTables:
    """A file of rows. Of clients, transfers and training, only the columns asked for are loaded.

    `sha256`: of all bytes, in hex. `is_cut`: the file ends within a row, because the run was
    killed. `lines`: the lines of all other kinds of rows, by kind.
    """

    path: Path
    sha256: str
    is_cut: bool
    lines: Mapping[str, Sequence[bytes]]

    def rows(self, kind: type[Row]) -> list[dict[str, Any]]:
        """Return the rows of an infrequent kind as mappings."""
        return [json.loads(line) for line in self.lines.get(kind.row, ())]

    def table(self, kind: type[Row], columns: Sequence[str] = ()) -> pl.DataFrame:
        """Return the rows of a kind in file order, by default with all columns.

        A column with a default that is missing in all rows (an older version did not write it) is
        null; so is one that a row may lack, such as the plan of a round in which all clients train
        one configuration. Raises RunFileError, with line and key, for a row that no run writes.
        """
        types = column_types(kind, columns)
        if not self.path.exists() or (kind not in _FREQUENT and kind.row not in self.lines):
            return pl.DataFrame(schema=types)
        try:
            parts = [_decode(block, kind, types) for block in self._blocks(kind)]
            found = pl.concat([pl.DataFrame(schema=types), *parts])
        except PolarsError as error:
            self._name_bad_line()
            raise RunFileError(f"{self.path}: {error}") from None
        optional = () if kind in _FREQUENT else _optional(kind)  # those lines have been checked
        for name in found.columns:
            column = found[name].drop_nulls() if name in optional else found[name]
            if not _is_sound(column):
                self._name_bad_line()
                if found[name].null_count() < len(found):
                    raise RunFileError(f"{self.path}: some {kind.row} rows lack '{name}'")
        return found

    def _blocks(self, kind: type[Row]) -> Iterator[bytes]:
        if kind not in _FREQUENT:
            yield b"".join(self.lines[kind.row])
            return
        for _, lines in _blocks(self.path):
            yield b"".join(lines if lines[-1].endswith(b"\n") else lines[:-1])

    def _name_bad_line(self) -> None:
        """Raise RunFileError for the first line that is not a row; there may be none."""
        for first, lines in _blocks(self.path):
            for line_no, line in enumerate(lines, start=first):
                if line.endswith(b"\n"):
                    parse_row(self.path, line_no, line)


def open_rows(path: Path) -> RowTables:
    """Scan a file of rows. A last line without a line feed is left out; a missing file is empty.

    Raises RunFileError, with the line number, for a complete line that is not a row. Of a line that
    begins and ends like a frequent kind, the rest is checked only when its table is read.
    """
    digest, is_cut, kept = sha256(), False, dict[str, list[bytes]]()
    for first, lines in _blocks(path):
        digest.update(b"".join(lines))
        is_cut = not lines[-1].endswith(b"\n")
        for line_no, line in enumerate(lines, start=first):
            if line.startswith(_HEADS) and line.endswith(b"}\n"):
                continue
            if line.endswith(b"\n"):
                row = parse_row(path, line_no, line)
                kept.setdefault(row["row"], []).append(line)
    return RowTables(path=path, sha256=digest.hexdigest(), is_cut=is_cut, lines=kept)


def column_types(kind: type[Row], names: Sequence[str] = ()) -> pl.Schema:
    """Return the types of the named columns, by default of all columns of a kind of row.

    A field with a Literal annotation becomes an Enum: 1 byte per value instead of 16.
    """
    annotations = {field.name: str(field.type) for field in fields(kind)}
    return pl.Schema({name: _type(annotations[name]) for name in names or annotations})


def _optional(kind: type[Row]) -> set[str]:
    return {field.name for field in fields(kind) if str(field.type).endswith(" | None")}


def _type(annotation: str) -> Any:
    words = _WORD.findall(annotation)
    plain = COLUMN_TYPES.get(annotation.removesuffix(" | None"), pl.String())
    return pl.Enum(words) if words else plain


def _decode(lines: bytes, kind: type[Row], types: pl.Schema) -> pl.DataFrame:
    """Decode the rows of a kind; a field that a row lacks is null. Raises PolarsError."""
    plain = {name: pl.String() if isinstance(t, pl.Enum) else t for name, t in types.items()}
    rows = pl.scan_ndjson(BytesIO(lines), schema={"row": pl.String(), **plain})
    return rows.filter(pl.col("row") == kind.row).select(types.names()).cast(types).collect()


def _is_sound(column: pl.Series) -> bool:
    """Whether no value is missing and, of numbers, all are finite."""
    if column.null_count():
        return False
    return not column.dtype.is_float() or bool(column.is_finite().all())


def _blocks(path: Path) -> Iterator[tuple[int, list[bytes]]]:
    """Yield lines in blocks, each with the number of its first line; a missing file has none."""
    if not path.exists():
        return
    first = 1
    with path.open("rb") as file:
        while lines := file.readlines(_BLOCK_BYTES):
            yield first, lines
            first += len(lines)
