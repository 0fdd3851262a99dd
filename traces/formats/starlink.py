"""Starlink-on-the-Autobahn CSV (Laniewski et al., 2025): Mbit/s over stamped intervals of 1 s."""

from __future__ import annotations

import re

import numpy as np

from traces.recording import BandwidthRecording
from traces.step import StepTrace

from .delimited import header_of, records_of
from .source import Source

_BYTES_PER_S = 1e6 / 8
_GAP_S = 0.5
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?")
_DIRECTIONS = {"dl": "download", "ul": "upload"}
_NEEDED = tuple(
    name
    for short, column in _DIRECTIONS.items()
    for name in (f"timestamp_start_{short}", f"timestamp_end_{short}", column)
)


def sniff(source: Source) -> bool:
    """Whether the header has the columns of the data set."""
    return set(_NEEDED) <= set(header_of(source))


def read(source: Source) -> BandwidthRecording:
    """Both directions. Stretches between tests are cut out, not taken for outages."""
    records = records_of(source, _NEEDED)
    down, gaps_s = _direction(source, records, "dl")
    up, _ = _direction(source, records, "ul")
    warnings: tuple[str, ...] = ()
    if gaps_s:
        cut = f"{len(gaps_s)} gaps, {sum(gaps_s):.1f} s in all, the longest {max(gaps_s):.1f} s"
        warnings = (f"{cut}, were not measured and are cut out",)
    return BandwidthRecording(format="starlink", down=down, up=up, gaps_s=gaps_s, warnings=warnings)


def _direction(
    source: Source, records: list[tuple[int, dict[str, str]]], short: str
) -> tuple[StepTrace, tuple[float, ...]]:
    edges_s, amounts, gaps_s = [0.0], [], []
    last_end_s = None
    for line, fields in records:
        start_s = _seconds(source, line, fields[f"timestamp_start_{short}"])
        end_s = _seconds(source, line, fields[f"timestamp_end_{short}"])
        if end_s <= start_s or (last_end_s is not None and start_s < last_end_s - _GAP_S):
            raise source.error(f"the {short} interval must follow the row before", line)
        if last_end_s is not None and start_s - last_end_s > _GAP_S:
            gaps_s.append(start_s - last_end_s)
        column = _DIRECTIONS[short]
        rate = source.number(fields[column], column, line, high=1e9) * _BYTES_PER_S
        edges_s.append(edges_s[-1] + (end_s - start_s))
        amounts.append(rate * (end_s - start_s))
        last_end_s = end_s
    return source.trace(edges_s, amounts), tuple(gaps_s)


def _seconds(source: Source, line: int, stamp: str) -> float:
    """Seconds since 1970 of `YYYY-MM-DD HH:MM:SS.nnnnnnnnn`; a float resolves 0.2 microseconds."""
    try:
        if not _STAMP.fullmatch(stamp):
            raise ValueError
        instant = np.datetime64(stamp.replace(" ", "T"), "ns")
    except (ValueError, OverflowError):
        raise source.error(f"not a time stamp: {stamp[:40]!r}", line) from None
    return float(instant.astype(np.int64)) / 1e9
