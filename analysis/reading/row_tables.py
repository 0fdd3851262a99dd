"""Reads a file of rows as tables, one per kind of row, from logs of any size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from sim.records import Row
from sim.run_files import RunFileError, parse_row

from .row_decoding import column_types, decode
from .row_index import RowIndex, Spans, index_rows

_BLOCK_BYTES = 1 << 23  # decoded at a time; larger buffers are allocated anew by the system


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTables:
    """A file of rows. Only the columns asked for are loaded into memory."""

    path: Path
    index: RowIndex

    def table(
        self, kind: type[Row], columns: Sequence[str] = (), needed: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Return the rows of a kind in file order, by default with all columns.

        A column that is missing in all rows (an older version did not write it) is null, unless it
        is `needed`. Raises RunFileError for a row that a run does not write.
        """
        types = column_types(kind, columns)
        spans = self.index.spans.get(kind.row)
        blocks = () if spans is None else _read(self.path, spans)
        parts = [self._decoded(lines, kind, types) for lines in blocks]
        found = pl.concat([pl.DataFrame(schema=types), *parts])
        self._check(found, needed)
        return found

    def _decoded(self, lines: bytes, kind: type[Row], types: pl.Schema) -> pl.DataFrame:
        try:
            return decode(lines, kind, types)
        except PolarsError as error:
            line = _first_bad(lines.splitlines(keepends=True), kind, types)
            line_no = self._line_no(line)
            parse_row(self.path, line_no, line)  # raises if the line is not JSON
            reason = str(error).splitlines()[0]
            rule = f"must be a '{kind.row}' row"
            raise RunFileError(f"{self.path}:{line_no}: {rule}: {reason}") from None

    def _line_no(self, line: bytes) -> int:
        with self.path.open("rb") as file:
            return next(line_no for line_no, own in enumerate(file, start=1) if own == line)

    def _check(self, found: pl.DataFrame, needed: Sequence[str]) -> None:
        """Refuse a column that is missing in some rows, or in all if it is needed."""
        for name in found.columns:
            n_missing = found[name].null_count()
            if n_missing and (name in needed or n_missing < len(found)):
                raise RunFileError(f"{self.path}: a row lacks '{name}'")


def open_rows(path: Path) -> RowTables:
    """Index a file of rows. A last line without a line feed is left out; a missing file is empty.

    Raises RunFileError, with the line number, for a complete line that is not a row.
    """
    return RowTables(path=path, index=index_rows(path))


def _first_bad(lines: Sequence[bytes], kind: type[Row], types: pl.Schema) -> bytes:
    """Find the first line that cannot be decoded, by bisection; there must be one."""
    good, bad = 0, len(lines)  # lines[:good] can be decoded, lines[:bad] cannot
    while bad - good > 1:
        middle = (good + bad) // 2
        try:
            decode(b"".join(lines[good:middle]), kind, types)
            good = middle
        except PolarsError:
            bad = middle
    return lines[good]


def _read(path: Path, spans: Spans) -> Iterator[bytes]:
    """Yield the lines of the byte ranges in blocks."""
    ends = np.cumsum(spans[:, 1] - spans[:, 0])
    cuts = np.searchsorted(ends, np.arange(_BLOCK_BYTES, ends[-1], _BLOCK_BYTES))
    with path.open("rb") as file:
        for part in np.split(spans, cuts):
            if len(part):
                yield b"".join(_pieces(file, part))


def _pieces(file: BinaryIO, spans: Spans) -> Iterator[bytes]:
    for start, end in spans.tolist():
        file.seek(start)
        yield file.read(end - start)
