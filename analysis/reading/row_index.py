"""Where in a file of rows each kind stands: found in one pass, in blocks, that keeps no row of the
kinds that come by the million."""

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

_BLOCK_BYTES = 1 << 20  # looked through several times while it is in a core's own cache

Spans = NDArray[np.int64]
"""(n, 2) first byte and byte behind the last of neighbouring lines of one kind, ends of lines
included, in the file's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowIndex:
    """`n_rows` whole lines; hex `sha256` of all bytes; `is_cut`: a killed run was within a row.

    `spans`: by kind, where its rows are. `others`: the rows of kinds that are few, such as
    decisions, as they were written.
    """

    n_rows: int
    sha256: str
    is_cut: bool
    spans: Mapping[str, Spans]
    others: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """Whole lines of a file: its line number `first` and byte `at` are theirs. `starts` and `ends`:
    (n,) of each line within `content`, the ends behind its line feed."""

    content: bytes
    first: int
    at: int
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def is_flat(kind: type[Row]) -> bool:
    """Whether a kind of row has a table: none of its fields is a mapping with keys of its own."""
    return not any(str(field.type).startswith("Mapping") for field in fields(kind))


_FEW = (EndRow, FailedRow)  # one a file at most
_MANY = tuple(kind.row for kind in get_args(Row) if is_flat(kind) and kind not in _FEW)
_HEADS = tuple(f'{{"row":"{kind}",'.encode() for kind in _MANY)
_PADDING = bytes(max(map(len, _HEADS)))  # gives the shortest last line a whole head


def index_rows(path: Path) -> RowIndex:
    """Look through a file once; a last line without its end is left out, a missing file is empty.

    Raises ValueError, with the line's number, for a whole line that is no JSON object; of lines
    that begin and end as runs write a kind that comes in numbers, no more is looked at.
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
    """The file's whole lines, a block after the other; a rest without its end comes last, as
    content without lines."""
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
    """(n,) of each line its kind's place in _MANY; -1 if it does not begin and end as such."""
    padded = lines.content + _PADDING
    texts = np.ndarray(len(lines.content), f"S{len(_PADDING)}", padded, strides=(1,))
    heads = texts[lines.starts]  # (n,) of what begins at every byte, what begins at a line
    places = np.full(len(heads), -1, np.int8)
    for place, head in enumerate(_HEADS):
        places[np.strings.startswith(heads, head)] = place
    lasts = np.frombuffer(padded, np.uint8)[lines.ends - 2]  # of an empty line, a byte before it
    places[lasts != ord("}")] = -1
    return places


def _neighbours(lines: _Lines, places: NDArray[np.int8]) -> Iterator[tuple[int, Spans]]:
    """By place in _MANY, where its lines stand together."""
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
    """The lines without a place, parsed, and where they stand."""
    for i in np.flatnonzero(places < 0).tolist():
        start, end = int(lines.starts[i]), int(lines.ends[i])
        row = parse_row(path, lines.first + i, lines.content[start : end - 1])
        yield row, np.array([[lines.at + start, lines.at + end]])
