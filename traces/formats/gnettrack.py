"""G-NetTrack CSV logs (UCC 4G and 5G data sets; Raca et al., 2020): bitrates in kbit/s.

The logger ticks about once a second but stamps whole seconds, so some stamps repeat and some are
left out in equal measure. Rows are therefore spread evenly over each stretch of the session;
rows of one stamp become one interval with their mean, as long as the ticks it stands for. The
time-weighted mean is thus the mean over rows. A clock that steps back by a second repeats a stamp.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import NamedTuple

from traces.recording import BandwidthRecording
from traces.step import StepTrace

from .delimited import header_of, records_of
from .intervals import clock_warning, without_clock_steps
from .source import Source

_BYTES_PER_S = 1000 / 8
_STAMP = "%Y.%m.%d_%H.%M.%S"
_GAP_S = 10.0
"""A larger step between stamps is a break in the log, not a slow tick."""

_UNSATURATED_SHARE = 0.2
_IDLE_KBIT_PER_S = 1000.0


class _Row(NamedTuple):
    stamp_s: float
    down_kbit_per_s: float | None
    up_kbit_per_s: float | None


def sniff(source: Source) -> bool:
    """Whether the header has the app's names for the stamp and the two bitrates."""
    return {"Timestamp", "DL_bitrate", "UL_bitrate"} <= set(header_of(source))


def read(source: Source) -> BandwidthRecording:
    """Both directions; `-` is missing and that row is left out of that direction."""
    records = records_of(source, ("Timestamp", "DL_bitrate", "UL_bitrate"))
    rows = [_row(source, line, fields) for line, fields in records]
    try:
        stamps_s, n_back = without_clock_steps([row.stamp_s for row in rows])
    except ValueError as error:
        rule, index = error.args
        raise source.error(f"Timestamp {rule}", records[index][0]) from None
    rows = [row._replace(stamp_s=t_s) for row, t_s in zip(rows, stamps_s, strict=True)]
    gaps_s = tuple(
        after.stamp_s - before.stamp_s
        for before, after in pairwise(rows)
        if after.stamp_s - before.stamp_s > _GAP_S
    )
    return BandwidthRecording(
        format="gnettrack",
        down=_direction(source, [(row.stamp_s, row.down_kbit_per_s) for row in rows]),
        up=_direction(source, [(row.stamp_s, row.up_kbit_per_s) for row in rows]),
        gaps_s=gaps_s,
        warnings=(*_warnings(rows), *clock_warning(n_back)),
    )


def _row(source: Source, line: int, fields: dict[str, str]) -> _Row:
    try:
        stamp_s = (
            datetime.strptime(fields["Timestamp"], _STAMP) - datetime(1970, 1, 1)
        ).total_seconds()
    except ValueError:
        got = fields["Timestamp"][:40]
        raise source.error(f"Timestamp must be YYYY.MM.DD_HH.MM.SS, got {got!r}", line) from None
    rates = [
        None if fields[name] == "-" else source.number(fields[name], name, line, high=1e12)
        for name in ("DL_bitrate", "UL_bitrate")
    ]
    return _Row(stamp_s, *rates)


def _direction(source: Source, rows: Sequence[tuple[float, float | None]]) -> StepTrace | None:
    known = [(stamp_s, rate) for stamp_s, rate in rows if rate is not None]
    if not known:
        return None
    tick_s = _tick_s([stamp_s for stamp_s, _ in rows])
    edges_s, amounts = [0.0], []
    for _, group in groupby(known, key=lambda row: row[0]):
        rates = [rate for _, rate in group]
        edges_s.append(edges_s[-1] + len(rates) * tick_s)
        amounts.append(sum(rates) * tick_s * _BYTES_PER_S)
    return source.trace(edges_s, amounts)


def _tick_s(stamps_s: Sequence[float]) -> float:
    """Seconds a row, gaps aside; 1 for a log of one stamp."""
    steps_s = [after - before for before, after in pairwise(stamps_s)]
    ticks_s = [step_s for step_s in steps_s if step_s <= _GAP_S]
    return sum(ticks_s) / len(ticks_s) if sum(ticks_s) else 1.0


def _warnings(rows: Sequence[_Row]) -> tuple[str, ...]:
    warnings = []
    n_missing = sum(row.down_kbit_per_s is None for row in rows)
    if n_missing:
        warnings.append(f"{n_missing} of {len(rows)} rows have no DL_bitrate and were left out")
    n_idle = sum((row.down_kbit_per_s or 0.0) < _IDLE_KBIT_PER_S for row in rows)
    if n_idle > _UNSATURATED_SHARE * len(rows):
        warnings.append(
            f"downlink below 1 Mbit/s in {n_idle / len(rows):.0%} of the rows: the session did "
            "not saturate the link, so this is demand, not capacity"
        )
    if sum(row.up_kbit_per_s or 0.0 for row in rows) < 0.05 * sum(
        row.down_kbit_per_s or 0.0 for row in rows
    ):
        warnings.append("the uplink carried next to nothing: its rates are not its capacity")
    return tuple(warnings)
