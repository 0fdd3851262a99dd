"""A table of the windows in which devices are available: device, start and end in each row.

Times are seconds from the start of a day, or stamps: ISO-8601, compact ones (20240101080000), or
seconds since 1970 and finer. All are of one kind, and numbers that may be hours are refused.
Stamps count from the midnight before the first of them (UTC where they name a zone, else as they
stand), so all devices share one clock. All recordings repeat after whole days.
"""

from __future__ import annotations

from collections.abc import Sequence

from traces.availability import from_windows
from traces.recording import AvailabilityRecording, NotATraceError

from . import columns
from .decimals import Decimal
from .delimited import MISSING, Row, header_of, read_table
from .event_log import DAY_S, MAX_DAYS, whole_days_s
from .options import Seconds
from .population import devices
from .source import Source
from .window_times import Clock, clock_of


def sniff(source: Source) -> bool:
    """Whether the header names a device and the start and end of a window, and no rate."""
    return columns.window_columns(header_of(source)) is not None


def read(
    source: Source,
    device: str | None = None,
    start: str | None = None,
    end: str | None = None,
    time_unit: str | None = None,
    period_s: Seconds | None = None,
    delimiter: str | None = None,
    decimal: Decimal | None = None,
    header: bool | None = None,
) -> AvailabilityRecording:
    """Every device, by its name in the file; one device if no column is named.

    device, start, end: columns, by name or by number from 0. period_s: seconds after which the
    recording repeats, instead of whole days. A window without a start or an end is left out.
    """
    needed = [name for name in (device, start, end) if name is not None]
    table = read_table(source, delimiter, header, needed)
    if start is None or end is None:
        found = columns.window_columns(table.names)
        if found is None or not table.has_header:
            raise NotATraceError(
                source.path,
                f"name the columns with device, start and end; the header has {table.described}",
            )
        device, start, end = device or found[0], start or found[1], end or found[2]
    at = (table.column(start), table.column(end))
    rows = [row for row in table.rows if not any(row[1][i].lower() in MISSING for i in at)]
    if not rows:
        raise source.error(f"no row has {start} and {end}", table.rows[0][0])
    clock = clock_of(table, rows, at, time_unit, decimal, period_s)
    name_at = None if device is None else table.column(device)
    raw: dict[str, list[Row]] = {}
    for row in rows:
        raw.setdefault("0" if name_at is None else row[1][name_at], []).append(row)
    windows_s, told = devices(raw, lambda name, of: _windows_s(clock, name, of))
    last_s = max(off_s for of in windows_s.values() for _, off_s in of)
    if period_s is None:
        period_s = whole_days_s(last_s)
    elif last_s > period_s:
        raise source.error(f"a window ends at {last_s:g} s, after period_s of {period_s:g} s")
    n_open = len(table.rows) - len(rows)
    if n_open:
        told = (
            f"{n_open} of {len(table.rows)} windows without {start} or {end} were left out",
            *told,
        )
    return AvailabilityRecording(
        format="windows",
        devices={name: from_windows(of, period_s) for name, of in windows_s.items()},
        warnings=told,
    )


def _windows_s(clock: Clock, name: str, rows: Sequence[Row]) -> list[tuple[float, float]]:
    windows_s = []
    for line, row in rows:
        on_s, off_s = (clock.seconds(line, row[i]) for i in clock.at)
        if off_s < on_s:
            rule = f"device {name[:40]}: a window must not end before it begins"
            raise clock.source.error(f"{rule}, got {on_s:g} to {off_s:g} s", line)
        if on_s < 0.0 or off_s > MAX_DAYS * DAY_S:
            rule = f"device {name[:40]}: a window from {on_s:g} to {off_s:g} s is no plausible time"
            raise clock.source.error(f"{rule}: are the times in seconds?", line)
        windows_s.append((on_s, off_s))
    return windows_s
