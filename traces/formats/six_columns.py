"""HSDPA (Riiser et al., 2013) and Ghent 4G (van der Hooft et al., 2016) download logs.

Six columns: unix time (HSDPA seconds, Ghent milliseconds), monotonic ms, latitude, longitude,
bytes since the previous row, milliseconds since the previous row. The last two alone make the
trace: clocks jump and positions may be missing. Long rows are outages and are kept.
"""

from __future__ import annotations

from traces.recording import BandwidthRecording, Direction, one_way

from .source import Source

_UNIX_MS = 1e11
"""Unix times above this are milliseconds: in seconds it is the year 5138."""


def sniff(source: Source) -> bool:
    """Whether the first lines have six fields with numbers in the first, fifth and sixth."""
    numbers = [words[i] for words in source.head if len(words) == 6 for i in (0, 4, 5)]
    return len(numbers) == 3 * len(source.head) > 0 and all(word.isdecimal() for word in numbers)


def read(source: Source, direction: Direction | None = None) -> BandwidthRecording:
    """The downlink, unless `direction` says otherwise, exact to the byte."""
    edges_ms, amounts = [0.0], []
    for line, words in source.rows():
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
    first_line, first = source.rows()[0]
    is_ms = source.number(first[0], "unix time (column 1)", first_line) > _UNIX_MS
    trace = source.trace([edge_ms / 1000.0 for edge_ms in edges_ms], amounts)
    return one_way("ghent" if is_ms else "hsdpa", direction, trace)
