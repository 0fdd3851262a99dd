"""CSV with declared columns and units, and the project's own `start_s,end_s,bytes_per_s`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from traces.recording import BandwidthRecording
from traces.step import StepTrace

from .source import Source

RATE_UNITS = {
    "bit/s": 1 / 8,
    "kbit/s": 1e3 / 8,
    "Mbit/s": 1e6 / 8,
    "Gbit/s": 1e9 / 8,
    "byte/s": 1.0,
    "kB/s": 1e3,
    "MB/s": 1e6,
}
TIME_UNITS = {"s": 1.0, "ms": 1e-3}
OWN_HEADER = ("start_s", "end_s", "bytes_per_s")


def sniff(source: Source) -> bool:
    """Whether the header is the project's own; any other CSV needs its columns declared."""
    return source.header == OWN_HEADER


def read(
    source: Source,
    time: str = "start_s",
    end: str | None = None,
    down: str | None = None,
    up: str | None = None,
    time_unit: str = "s",
    rate_unit: str = "byte/s",
) -> BandwidthRecording:
    """Rates from columns named by the caller.

    time: start of each row's interval. end: its end; without it the next row's start, and the
    last row lasts as long as the one before. down, up: rate columns, at least one of them.
    """
    if sniff(source) and (down, up) == (None, None):
        end, down = end or "end_s", "bytes_per_s"
    if down is None and up is None:
        has = ", ".join(source.header)[:100]
        raise source.error(f"name the rate column with `down` or `up`; the header has {has}")
    for unit, units in ((time_unit, TIME_UNITS), (rate_unit, RATE_UNITS)):
        if unit not in units:
            raise source.error(f"unit must be one of {', '.join(units)}, got {unit[:40]!r}")
    needed = tuple(name for name in (time, end, down, up) if name is not None)
    records = source.records(needed)
    edges_s = _edges_s(source, records, time, end, TIME_UNITS[time_unit])
    factor = RATE_UNITS[rate_unit]
    return BandwidthRecording(
        format="csv",
        down=_rates(source, records, down, edges_s, factor),
        up=_rates(source, records, up, edges_s, factor),
    )


def _edges_s(
    source: Source,
    records: Sequence[tuple[int, dict[str, str]]],
    time: str,
    end: str | None,
    factor: float,
) -> list[float]:
    starts = [source.number(row[time], time, line, low=-1e15) for line, row in records]
    if end is not None:
        ends = [source.number(row[end], end, line, low=-1e15) for line, row in records]
        for (line, _), before, start in zip(records[1:], ends, starts[1:], strict=False):
            if abs(start - before) > 1e-6 * max(1.0, abs(start)):
                raise source.error(f"{time} must be the {end} of the row before", line)
        last = ends[-1]
    elif len(starts) > 1:
        last = starts[-1] + (starts[-1] - starts[-2])
    else:
        raise source.error("one row without an end column has no duration")
    edges_s = [(edge - starts[0]) * factor for edge in [*starts, last]]
    for (line, _), before, after in zip(records, edges_s, edges_s[1:], strict=False):
        if after <= before:
            raise source.error(f"{time} must increase, and each row end after it starts", line)
    return edges_s


def _rates(
    source: Source,
    records: Sequence[tuple[int, dict[str, str]]],
    column: str | None,
    edges_s: list[float],
    factor: float,
) -> StepTrace | None:
    if column is None:
        return None
    rates = [source.number(row[column], column, line) * factor for line, row in records]
    return source.trace(edges_s, np.asarray(rates) * np.diff(edges_s))
