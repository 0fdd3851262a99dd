"""A text table with or without a header: its delimiter, its columns and their numbers.

The csv module reads it: a row with too few fields and a row's line number must be told, and
faster readers fill the former with nulls and lose the latter.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from traces.recording import NotATraceError, TraceError

from .source import Source
from .stamps import is_number, is_stamp

DELIMITERS = (",", ";", "\t", "|")
SPACE = " "
"""As a delimiter: any run of blanks and tabs."""

MISSING = ("", "nan", "na", "n/a", "#n/a", "null", "none", "nil", "-", "--", "missing")
"""Cells that stand for no value, in small letters."""

_NAMED = {"tab": "\t", "\\t": "\t", "space": SPACE, "whitespace": SPACE, "comma": ",", "pipe": "|"}
_NAMED |= {"semicolon": ";"}
_SAMPLE_ROWS = 20
_HINT_OF_A_SHEET = re.compile(r'"?sep=(.)"?')
COMMA_DECIMAL = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]{1,3})?")

Row = tuple[int, list[str]]
"""A line number and the fields of that line, without blanks around them."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one width. Without a header the columns are named by their numbers, from 0."""

    source: Source
    names: tuple[str, ...]
    rows: Sequence[Row]
    delimiter: str
    has_header: bool

    def cells(self, column: int) -> list[str]:
        """One column, by its index."""
        return [row[column] for _, row in self.rows]

    def column(self, name: str) -> int:
        """The index of a column, by its name or by its number from 0. Raises NotATraceError."""
        if self.names.count(name) > 1:
            raise self.source.error(f"column {name[:40]!r} is there twice: give its number, from 0")
        if name in self.names:
            return self.names.index(name)
        alike = [i for i, one in enumerate(self.names) if one.casefold() == name.casefold().strip()]
        if len(alike) == 1:
            return alike[0]
        if len(name) < 9 and name.isdecimal() and int(name) < len(self.names):
            return int(name)
        raise NotATraceError(
            self.source.path, f"needs a column {name[:40]!r}, has {self.described}"
        )

    @property
    def described(self) -> str:
        """The columns' names for a message."""
        if self.has_header:
            return ", ".join(self.names)[:200]
        return f"no header and the columns 0 to {len(self.names) - 1}"


def read_table(
    source: Source,
    delimiter: str | None = None,
    header: bool | None = None,
    needed: Sequence[str] = (),
) -> Table:
    """The table in a file. What is not given is found: see `delimiter_of` and `_has_header`.

    Comment lines (#) and an Excel hint (sep=;) before the first row are passed over, empty rows
    anywhere. Raises NotATraceError if a needed column is absent, else TraceError where rows
    differ in width.
    """
    lines = source.text.split("\n")
    start, hinted = _preamble(lines)
    delimiter = _delimiter_option(source, delimiter) or hinted
    delimiter = delimiter or delimiter_of(lines[start:])
    rows = list(_split(source, lines[start:], delimiter, start))
    if not rows:
        raise NotATraceError(source.path, "needs a header and at least one row")
    names = rows[0][1]
    if header is None:
        header = _has_header(source, rows)
    if header:
        rows = rows[1:]
    else:
        names = [str(i) for i in range(len(names))]
    if not rows:
        raise NotATraceError(source.path, "needs a header and at least one row")
    table = Table(source, tuple(names), rows, delimiter, header)
    for name in needed:
        table.column(name)
    for line, row in rows:
        if len(row) == len(names) + 1 and not row[-1]:
            row.pop()  # a delimiter at the end of the line
        if len(row) != len(names):
            raise source.error(f"{len(names)} fields expected, got {len(row)}", line)
    return table


def header_of(source: Source) -> tuple[str, ...]:
    """The fields of the first row as names, from the file's first lines; () if it is no text."""
    lines = source.first_lines
    start, delimiter = _preamble(lines)
    if start == len(lines):
        return ()
    rows = _fields(lines[start : start + 1], delimiter or delimiter_of(lines[start:]))
    return tuple(rows[0])


def delimiter_of(lines: Sequence[str]) -> str:
    """The delimiter of a table, by its first rows: one that splits all into as many fields.

    Where several do, it is the one that leaves most fields numbers or stamps; where none does,
    the one that splits the first row most. Words parted by blanks come last.
    """
    sample = [line for line in lines[: 2 * _SAMPLE_ROWS] if line.strip()][:_SAMPLE_ROWS]
    best, best_score = ",", (0.0, 0)
    for delimiter in (*DELIMITERS, SPACE):
        rows = _fields(sample, delimiter)
        width = len(rows[0]) if rows else 0
        if width < 2 or (delimiter == SPACE and best_score > (0.0, 0)):
            continue
        is_even = all(len(row) == width for row in rows)
        cells = [cell for row in rows[1:] or rows for cell in row]
        good = sum(not _is_text(cell) for cell in cells)
        score = (1.0 + good / len(cells) if is_even else 0.5, width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _preamble(lines: Sequence[str]) -> tuple[int, str | None]:
    """How many lines come before the table, and the delimiter that one of them names."""
    hinted = None
    for number, line in enumerate(lines):
        hint = _HINT_OF_A_SHEET.fullmatch(line.strip())
        if hint is not None:
            hinted = hint[1]
        elif line.strip() and not line.lstrip().startswith("#"):
            return number, hinted
    return len(lines), hinted


def _delimiter_option(source: Source, text: str | None) -> str | None:
    if text is None:
        return None
    delimiter = _NAMED.get(text.lower(), text)
    if len(delimiter) != 1 or delimiter.isalnum() or delimiter in '"\n\r.-+':
        raise source.error(f"option delimiter must be one sign, tab or space, got {text[:40]!r}")
    return delimiter


def _split(source: Source, lines: Sequence[str], delimiter: str, before: int) -> Iterable[Row]:
    if delimiter == SPACE:
        split = ((number, line.split()) for number, line in enumerate(lines, before + 1))
        yield from ((number, row) for number, row in split if row)
        return
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    has_blanks = " " in source.text or "\t" in source.text
    number = 0
    try:
        for number, row in enumerate(reader, 1):
            if reader.line_num != number:
                raise _open_quote(source, before + number)
            cells = [cell.strip() for cell in row] if has_blanks else row
            if any(cells):
                yield before + number, cells
    except csv.Error as error:
        if reader.line_num > number + 1:
            raise _open_quote(source, before + number + 1) from None
        raise source.error(f"is not CSV: {error}", before + max(reader.line_num, 1)) from None


def _open_quote(source: Source, line: int) -> TraceError:
    """A quotation mark that would swallow the rows after it."""
    return source.error(
        "is not CSV: a quotation mark opens here and is not closed in this line", line
    )


def _fields(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    if delimiter == SPACE:
        return [line.split() for line in lines]
    try:
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        return [[cell.strip() for cell in row] for row in reader if row]
    except csv.Error:
        return [line.split(delimiter) for line in lines]


def _is_value(cell: str) -> bool:
    """Whether a cell holds a number, perhaps with a decimal comma, or a time stamp."""
    return is_number(cell) or is_stamp(cell) or COMMA_DECIMAL.fullmatch(cell) is not None


def _is_text(cell: str) -> bool:
    return not _is_value(cell) and cell.lower() not in MISSING


def _has_header(source: Source, rows: Sequence[Row]) -> bool:
    """Whether the first row names the columns.

    It does if all of its fields are text, or if one is text above a number. A table that pandas
    writes without names has the header 0, 1, ...: it is one if the second row does not come
    after it in time. Raises TraceError where that tells nothing.
    """
    line, first = rows[0]
    second = rows[1][1] if len(rows) > 1 else [""] * len(first)
    counted = [str(i) for i in range(len(first))]
    if first == ["", *counted[:-1]] or all(map(_is_text, first)):
        return True
    if first == counted and len(rows) > 1:
        time = second[0].replace(",", ".")
        if is_number(time) and float(time) <= 0.0:
            return True
        raise source.error(
            f"the first row ({', '.join(first)[:40]}) may name the columns or be data: "
            "say header=true or header=false",
            line,
        )
    pairs = zip(first, second, strict=False)
    return any(_is_text(above) and _is_value(below) for above, below in pairs)


def is_missing(cell: str, missing: str | None) -> bool:
    """Whether a cell stands for no value, by custom or as declared."""
    return cell == missing or cell.lower() in MISSING


def left_out(n_missing: int, n_rows: int, what: str) -> str:
    """The warning about rows that lack something."""
    be = "was" if n_missing == 1 else "were"
    return f"{n_missing} of {n_rows} rows without {what} {be} left out"


def records_of(source: Source, needed: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """Line number and fields by name of each row below a table's header.

    Raises TraceError if a needed column is absent or a row has another number of fields.
    """
    table = read_table(source, header=True)
    for name in needed:
        if table.names.count(name) != 1:
            how = "one" if name in table.names else "a"
            raise NotATraceError(source.path, f"needs {how} column {name!r}, has {table.described}")
    return [(line, dict(zip(table.names, row, strict=True))) for line, row in table.rows]
