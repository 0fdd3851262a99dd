"""Read CSV and TSV files: delimiter, header, quoting, and stray quotation marks."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .rows import Column, Columns, Layout

Warn = Callable[[str], None]
Cells = list[str]

_KNOWN = {"text", "label", "labels", "sentence", "category", "class", "target"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A file's lines, and what they mean."""

    path: Path
    lines: Sequence[str]
    delimiter: str

    def rows(self, *, is_quoted: bool) -> list[tuple[int, int, Cells]]:
        """First line, last line and cells of each row; rows of blank cells at the end are left
        out, and blank lines everywhere. Raises ValueError, with the line, for bad quoting."""
        found: list[tuple[int, int, Cells]] = []
        last = 0  # the number of rows up to the last that is not blank
        line = 1
        with _unlimited_fields():
            reader = csv.reader(
                self.lines,
                delimiter=self.delimiter,
                quoting=csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE,
                strict=is_quoted,
            )
            try:
                for cells in reader:
                    is_blank = not any(cell.strip() for cell in cells)
                    if not is_blank or len(cells) > 1:
                        found.append((line, reader.line_num, cells))
                    last = last if is_blank else len(found)
                    line = reader.line_num + 1
            except csv.Error as error:
                hint = "" if "end of data" in str(error) else "; " + _PLAIN_MARKS
                raise ValueError(f"{self.path}:{line}: {error}{hint}") from None
        return found[:last]


_PLAIN_MARKS = "if quotation marks are plain characters, set task.quoting: none"


def read_delimited(
    usual: str, path: Path, lines: Sequence[str], columns: Columns, layout: Layout, warn: Warn
) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Each row as a record by column, with its location; a quoted text may span several lines."""
    table = _Table(path=path, lines=lines, delimiter=layout.delimiter or usual)
    is_quoted = layout.quoting != "none"
    if layout.quoting is None and _has_stray_mark(table, columns, layout):
        is_quoted = False
        warn(f"{path}: a quoted field contained whole rows; quotation marks are read as text")
    header: Cells | None = None
    width = 0
    labels: set[str] = set()
    first_label = ""
    for line, _, cells in table.rows(is_quoted=is_quoted):
        where = f"{path}:{line}"
        if not width:
            width = len(cells)
            _check_columns(columns, cells, layout, where)
            if layout.header:
                header = [cell.strip() for cell in cells]
                first_label = _numbered(cells, columns.label)
                continue
        if len(cells) != width:
            of = f"the header's {width} fields" if layout.header else f"{width} fields"
            raise ValueError(f"{where}: must have {of}, has {len(cells)}")
        labels.add(_numbered(cells, columns.label))
        yield where, _record(header, cells)
    if first_label and first_label in labels:
        raise ValueError(
            f"{path}:1: must be a header, but its label {first_label!r} occurs in other rows too; "
            "for a file without a header set task.header: false"
        )


def _record(header: Cells | None, cells: Cells) -> dict[Column, str]:
    """The cells by number, and by name if there is a header."""
    record: dict[Column, str] = dict(enumerate(cells))
    return record if header is None else {**dict(zip(header, cells, strict=True)), **record}


def _numbered(cells: Cells, column: Column) -> str:
    """The cell of a column that is given by its number and not by its name; else nothing."""
    if isinstance(column, int) and str(column) not in cells and 0 <= column < len(cells):
        return cells[column].strip()
    return ""


def _check_columns(columns: Columns, first: Cells, layout: Layout, where: str) -> None:
    """Refuse names without a header, a header that is said to be none, and a name that two of
    its columns have."""
    names = [cell.strip() for cell in first]
    for key, column in zip(("text", "label", "client"), columns.names, strict=False):
        if layout.header and names.count(str(column)) > 1:
            raise ValueError(f"{where}: two columns of the header have the name {column}")
        if not layout.header and isinstance(column, str):
            raise ValueError(
                f"task.{key} must be a column's number, counted from 0, where task.header is "
                f"false, got {column}"
            )
    if not layout.header and _KNOWN & {name.lower() for name in names}:
        raise ValueError(
            f"{where}: looks like a header ({', '.join(names)[:60]}), but task.header is false"
        )


def _has_stray_mark(table: _Table, columns: Columns, layout: Layout) -> bool:
    """Whether a text that begins with a quotation mark has made one field of several rows.

    A row is suspicious if it has several lines, each of which is a row by itself and has a label
    that other rows have. Marks are then read as text, if each line of the file is a row without
    quoting and no other field is quoted. Raises ValueError if that cannot be told.
    """
    try:
        rows = table.rows(is_quoted=True)
    except ValueError:
        return False  # reading the file raises it again
    if not rows or all(first == last for first, last, _ in rows):
        return False
    at = _place(columns.label, rows[0][2])
    if at is None:
        return False
    width = len(rows[0][2])
    labels = {c[at].strip() for a, b, c in rows[layout.header :] if a == b and len(c) == width}
    for first, last, cells in rows:
        split = [_plain_cells(line, table) for line in table.lines[first - 1 : last]]
        is_stray = first < last and any(table.delimiter in cell for cell in cells)
        if is_stray and all(len(c) == width and c[at].strip() in labels for c in split):
            _require_no_quoting(table, width, f"{table.path}:{first}")
            return True
    return False


def _require_no_quoting(table: _Table, width: int, where: str) -> None:
    plain = [_plain_cells(line, table) for line in table.lines if line.strip()]
    is_quoted = any(len(c) > 1 and c[0] == c[-1] == '"' for cells in plain for c in cells)
    if is_quoted or any(len(cells) != width for cells in plain):
        raise ValueError(
            f"{where}: a quoted field contains whole rows; set task.quoting to none if quotation "
            "marks are plain characters, or to standard if the field is meant"
        )


def _plain_cells(line: str, table: _Table) -> Cells:
    return line.rstrip("\r\n").split(table.delimiter)


def _place(column: Column, header: Cells) -> int | None:
    names = [name.strip() for name in header]
    if str(column) in names:
        return names.index(str(column))
    return column if isinstance(column, int) and 0 <= column < len(names) else None


@contextmanager
def _unlimited_fields() -> Iterator[None]:
    """Lift csv's limit of 131,072 characters per field; restore it after, since it is global."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
