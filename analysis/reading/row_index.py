"""Indexes a file of rows by kind: byte ranges per kind, found in one pass over the file.

Rows of frequent kinds are neither parsed nor kept, so memory does not grow with the log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from sim.records import EndRow, FailedRow, Row
from sim.run_files import parse_row

_BLOCK_BYTES = 1 << 20  # scanned several times; fits into the L2 cache of a core

Spans = NDArray[np.int64]
"""(n, 2): first byte and end of each group of adjacent lines of one kind, line feeds included, in
file order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowIndex:
    """What one pass over a file of rows found.

    `n_rows`: complete lines. `sha256`: of all bytes, in hex. `is_cut`: the file ends within a row,
    because the run was killed. `spans`: byte ranges by kind. `others`: the parsed rows of
    infrequent kinds, such as decisions.
    """

    n_rows: int
    sha256: str
    is_cut: bool
    spans: Mapping[str, Spans]
    others: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """A block of complete lines.

    `first`: line number of the first line in the file. `at`: its byte in the file. `starts`,
    `ends`: (n,) offsets of each line within `content`, the line feed included.
    """

    content: bytes
    first: int
    at: int
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def is_flat(kind: type[Row]) -> bool:
    """Whether a kind of row fits a table: none of its fields is a mapping."""
    return not any(str(field.type).startswith("Mapping") for field in fields(kind))


_FEW = (EndRow, FailedRow)  # at most one per file
_MANY = tuple(kind.row for kind in get_args(Row) if is_flat(kind) and kind not in _FEW)
_HEADS = tuple(f'{{"row":"{kind}",'.encode() for kind in _MANY)
_PADDING = bytes(max(map(len, _HEADS)))  # lets the last line be compared with every head


def index_rows(path: Path) -> RowIndex:
    """Scan a file once. A last line without a line feed is left out; a missing file is empty.

    Raises RunFileError, with the line number, for a complete line that is not a row. Of a line that
    begins and ends like a frequent kind, the rest is checked only when its table is decoded.
    """
    digest, n_rows, is_cut = sha256(), 0, False
    spans: dict[str, list[Spans]] = defaultdict(list)
    others = []
    for lines in _blocks(path):
        digest.update(lines.content)
        n_rows += len(lines.ends)
        is_cut = not len(lines.ends)
        places = _places(lines)
        for place, found in _neighbours(lines, places):
            spans[_MANY[place]].append(found)
        for row, span in _parsed(path, lines, places):
            others.append(row)
            spans[str(row.get("row"))].append(span)
    return RowIndex(
        n_rows=n_rows,
        sha256=digest.hexdigest(),
        is_cut=is_cut,
        spans={kind: np.sort(np.concatenate(found), axis=0) for kind, found in spans.items()},
        others=tuple(others),
    )


def _blocks(path: Path) -> Iterator[_Lines]:
    """Yield blocks of complete lines; an incomplete last line comes last, as a block of 0 lines."""
    first, at, rest = 1, 0, b""
    if path.exists():
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                content = rest + block
                ends = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n")) + 1
                whole = int(ends[-1]) if len(ends) else 0
                rest = content[whole:]
                if whole:
                    starts = np.concatenate(([0], ends[:-1]))
                    yield _Lines(
                        content=content[:whole], first=first, at=at, starts=starts, ends=ends
                    )
                first, at = first + len(ends), at + whole
    if rest:
        none = np.zeros(0, np.int64)
        yield _Lines(content=rest, first=first, at=at, starts=none, ends=none)


def _places(lines: _Lines) -> NDArray[np.int8]:
    """(n,) index of each line's kind in _MANY; -1 if it does not begin and end like one."""
    padded = lines.content + _PADDING
    texts = np.ndarray(len(lines.content), f"S{len(_PADDING)}", padded, strides=(1,))
    heads = texts[lines.starts]  # (n,) the first bytes of each line
    places = np.full(len(heads), -1, np.int8)
    for place, head in enumerate(_HEADS):
        places[np.strings.startswith(heads, head)] = place
    lasts = np.frombuffer(padded, np.uint8)[lines.ends - 2]  # for an empty line: the byte before it
    places[lasts != ord("}")] = -1
    return places


def _neighbours(lines: _Lines, places: NDArray[np.int8]) -> Iterator[tuple[int, Spans]]:
    """Yield (index in _MANY, byte ranges of adjacent lines)."""
    if not len(places):
        return
    firsts = np.flatnonzero(np.diff(places, prepend=np.int8(-2)))
    lasts = np.append(firsts[1:], len(places)) - 1
    spans = lines.at + np.column_stack((lines.starts[firsts], lines.ends[lasts]))
    for place in range(len(_MANY)):
        found = spans[places[firsts] == place]
        if len(found):
            yield place, found


def _parsed(
    path: Path, lines: _Lines, places: NDArray[np.int8]
) -> Iterator[tuple[dict[str, Any], Spans]]:
    """Parse the lines of other kinds; yield each row with its byte range."""
    for i in np.flatnonzero(places < 0).tolist():
        start, end = int(lines.starts[i]), int(lines.ends[i])
        row = parse_row(path, lines.first + i, lines.content[start : end - 1])
        yield row, np.array([[lines.at + start, lines.at + end]])
