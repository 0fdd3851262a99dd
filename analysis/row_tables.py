"""A file of rows as tables, a kind each: whole, cut short or missing, millions of rows or a few."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import polars as pl
from polars.exceptions import PolarsError

from sim.records import EndRow, FailedRow, Row

from .row_file import parse_row

_BLOCK_BYTES = 1 << 22
CONFIG = pl.Struct({"kind": pl.String, "depth": pl.Int64, "width": pl.Int64, "rank": pl.Int64})
"""A tuning configuration of any kind; null where the kind has no such field."""

COLUMN_TYPES: dict[str, Any] = {
    "float": pl.Float64(),
    "int": pl.Int64(),
    "bool": pl.Boolean(),
    "tuple[int, ...]": pl.List(pl.Int64),
    "TuningConfig": CONFIG,
}
"""Column types of fields by annotation; any other is text."""

_WORD = re.compile(r'"([a-z]+)"')
"""A word of a Literal annotation."""

_FEW = (EndRow, FailedRow)
"""Kinds of which a file has one at most; they are read without a pass over all rows."""

_NO_SEPARATOR: Any = {"separator": "\x1f", "quote_char": None, "has_header": False, "glob": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTables:
    """A file of JSON lines, of which only what is asked for is ever in memory.

    `n_rows` whole lines; hex `sha256` of all bytes; `is_cut`: a killed run was within a row.
    `others`: the rows of kinds that are few, such as decisions, as they were written.
    """

    path: Path
    n_rows: int
    sha256: str
    is_cut: bool
    others: tuple[dict[str, Any], ...]

    def table(
        self, kind: type[Row], columns: Sequence[str] = (), needed: Sequence[str] = ()
    ) -> pl.DataFrame:
        """The rows of a kind in the order written, by default with all their columns.

        A column that a version of the simulator did not write yet is null throughout, unless it
        is `needed`. Raises ValueError for a row that no run writes.
        """
        known = _columns(kind)
        types = {name: known[name] for name in columns or known}
        if not self.n_rows:
            return pl.DataFrame(schema=types)
        lines = pl.scan_ndjson(self._source(), schema={"row": pl.String(), **types})
        rows = lines.filter(pl.col("row") == kind.row).drop("row")
        try:
            found = rows.cast(_codes(kind, types)).collect(engine="streaming")
        except PolarsError as error:
            told = str(error).splitlines()[0]
            raise ValueError(f"{self.path}: must hold the rows of a run, {told}") from None
        self._check(found, needed)
        return found

    def _source(self) -> str | BytesIO:
        """The whole lines: the file itself unless its last one is cut."""
        if not self.is_cut:
            return glob.escape(str(self.path))  # a path's brackets are no pattern
        content = self.path.read_bytes()
        return BytesIO(content[: content.rfind(b"\n") + 1])

    def _check(self, found: pl.DataFrame, needed: Sequence[str]) -> None:
        """A column may be missing in all rows of an older version, never in some."""
        for name in found.columns:
            n_missing = found[name].null_count()
            if n_missing and (name in needed or n_missing < len(found)):
                raise ValueError(f"{self.path}: a row lacks '{name}'")


def open_rows(path: Path) -> RowTables:
    """Look through a file once; a last line without its end is left out, a missing file is empty.

    Raises ValueError, with the line's number, for a whole line that is no JSON object.
    """
    digest, n_rows, is_cut = sha256(), 0, False
    if path.exists():
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                n_rows += block.count(b"\n")
                is_cut = not block.endswith(b"\n")
    others = tuple(_others(path, n_rows)) if n_rows else ()
    return RowTables(
        path=path, n_rows=n_rows, sha256=digest.hexdigest(), is_cut=is_cut, others=others
    )


def _others(path: Path, n_rows: int) -> list[dict[str, Any]]:
    """The few lines that are not rows that come in numbers, parsed one by one."""
    line = pl.col("line").str
    many = [kind.row for kind in get_args(Row) if is_flat(kind) and kind not in _FEW]
    is_known = pl.any_horizontal(line.starts_with(f'{{"row":"{name}",') for name in many)
    is_other = ~(is_known & line.ends_with("}"))
    lines = pl.scan_csv(path, schema={"line": pl.String}, n_rows=n_rows, **_NO_SEPARATOR)
    numbered = lines.with_columns(pl.col("line").fill_null("")).with_row_index("no", offset=1)
    try:
        found = numbered.filter(is_other).collect(engine="streaming").rows()
    except PolarsError:  # a line that is not UTF-8: find it
        found = list(enumerate(path.read_bytes().split(b"\n")[:n_rows], start=1))
    return [parse_row(path, line_no, line) for line_no, line in found]


def _codes(kind: type[Row], types: Mapping[str, Any]) -> pl.Schema:
    """Fields that take one of a few words as numbers with names: a byte instead of sixteen."""
    words = {field.name: _WORD.findall(str(field.type)) for field in fields(kind)}
    return pl.Schema({name: pl.Enum(words[name]) for name in types if words[name]})


def is_flat(kind: type[Row]) -> bool:
    """Whether a kind of row has a table: none of its fields is a mapping with keys of its own."""
    return not any(str(field.type).startswith("Mapping") for field in fields(kind))


def _columns(kind: type[Row]) -> dict[str, Any]:
    """Column types by field name."""
    names = {field.name: str(field.type).removesuffix(" | None") for field in fields(kind)}
    return {name: COLUMN_TYPES.get(annotation, pl.String()) for name, annotation in names.items()}
