"""HSDPA (Riiser et al., 2013) and Ghent 4G (van der Hooft et al., 2016) download logs.

Six columns: unix time (HSDPA seconds, Ghent milliseconds), monotonic ms, latitude, longitude,
bytes since the previous row, milliseconds since the previous row. The last two alone make the
trace: clocks jump and positions may be missing. Long rows are outages and are kept. Column 6 is
the step of column 2 in most rows, which tells such a log from any other six numbers a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from traces.recording import BandwidthRecording, Direction, NotATraceError, one_way

from .source import Source
from .stamps import is_number

_UNIX_MS = 1e11
"""Unix times above this are milliseconds: in seconds it is the year 5138."""


_LEAST_SHARE = 0.5
"""Of the rows, that have the step of column 2 in column 6. The published logs: 0.94 and more."""

_CLOCK_MS = 1.0


def sniff(source: Source) -> bool:
    """Whether the first lines have six fields with numbers in the first, fifth and sixth.

    Raises NotATraceError if the steps of column 2 say that it is another table.
    """
    numbers = [words[i] for words in source.head if len(words) == 6 for i in (0, 4, 5)]
    if len(numbers) != 3 * len(source.head) or not all(word.isdecimal() for word in numbers):
        return False
    if source.head:
        _check_steps(source, source.rows())
    return bool(source.head)


def read(source: Source, direction: Direction | None = None) -> BandwidthRecording:
    """The downlink, unless `direction` says otherwise, exact to the byte."""
    edges_ms, amounts = [0.0], []
    rows = source.rows()
    for line, words in rows:
        if len(words) != 6:
            raise source.error(f"six fields expected, got {len(words)}", line)
        n_bytes = source.number(words[4], "bytes (column 5)", line)
        interval_ms = source.number(words[5], "milliseconds (column 6)", line, high=1e12)
        if interval_ms > 0.0:
            edges_ms.append(edges_ms[-1] + interval_ms)
            amounts.append(n_bytes)
        elif n_bytes and not amounts:
            raise source.error("the first row has bytes but no interval (column 6)", line)
        elif n_bytes:
            amounts[-1] += n_bytes
    if not amounts:
        raise source.error("needs at least one row with an interval above 0 ms (column 6)")
    _check_steps(source, rows)
    first_line, first = rows[0]
    is_ms = source.number(first[0], "unix time (column 1)", first_line) > _UNIX_MS
    trace = source.trace([edge_ms / 1000.0 for edge_ms in edges_ms], amounts)
    return one_way("ghent" if is_ms else "hsdpa", direction, trace)


def _check_steps(source: Source, rows: Sequence[tuple[int, list[str]]]) -> None:
    """Raise NotATraceError unless column 6 is the step of column 2 in half of the rows or more."""
    six = [(line, words) for line, words in rows if len(words) == 6]
    same = [_is_step(before, after) for (_, before), (_, after) in pairwise(six)]
    if sum(same) >= _LEAST_SHARE * len(same):
        return
    line = six[same.index(False) + 1][0]
    rule = (
        "six numbers a row but no log of HSDPA or Ghent, where column 6 is the step of column 2 "
        f"(in {sum(same)} of {len(same)} rows here): declare format csv and its columns"
    )
    raise NotATraceError(source.path, rule, line)


def _is_step(before: Sequence[str], after: Sequence[str]) -> bool:
    cells = (before[1], after[1], after[5])
    if not all(map(is_number, cells)):
        return False
    earlier, later, step = map(float, cells)
    return abs(later - earlier - step) <= _CLOCK_MS
