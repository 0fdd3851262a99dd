"""What the columns of a table of rates hold: by option, or by their names."""

from __future__ import annotations

from dataclasses import dataclass, replace

from traces.recording import NotATraceError

from . import columns
from .decimals import Decimal
from .delimited import Row, Table
from .options import Seconds

OWN_HEADER = ("start_s", "end_s", "bytes_per_s")
"""The header of the project's own CSV format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the columns hold. Columns are given by name, or by number from 0.

    time: the instant at which a row starts. It lasts until the next row, the last one as long
    as the one before. end: the instant at which it ends. duration: how long it lasts, instead
    of a time. step_s: seconds a row, instead of a column. down, up: rates. run: a column whose
    value differs from run to run. only: the one run to read. missing: a text that stands for no
    value. max_gap_s: a longer step between rows is a gap (intervals.USUAL_STEPS_IN_A_GAP usual
    steps by default).
    """

    time: str | None = None
    down: str | None = None
    up: str | None = None
    rate_unit: str | None = None
    time_unit: str | None = None
    end: str | None = None
    duration: str | None = None
    step_s: Seconds | None = None
    run: str | None = None
    only: str | None = None
    delimiter: str | None = None
    decimal: Decimal | None = None
    header: bool | None = None
    missing: str | None = None
    max_gap_s: Seconds | None = None


def with_columns(table: Table, options: Options) -> Options:
    """The options with the columns that were left to be found. Raises TraceError if unclear."""
    if table.names == OWN_HEADER and options.duration is None and options.step_s is None:
        is_silent = options.down is None and options.up is None
        return replace(
            options,
            time=options.time or OWN_HEADER[0],
            end=options.end or OWN_HEADER[1],
            down=OWN_HEADER[2] if is_silent else options.down,
        )
    if options.down is None and options.up is None:
        found = {key: columns.rate_columns(table.names, key) for key in ("down", "up")}
        if sorted(map(len, found.values())) not in ([0, 1], [1, 1]):
            raise _unnamed(table, "name the rate column with `down` or `up`")
        down, up = (of[0] if of else None for of in found.values())
        options = replace(options, down=down, up=up)
    given = [of for of in (options.time, options.duration, options.step_s) if of is not None]
    if len(given) > 1:
        raise table.source.error("give one of the options time, duration and step_s")
    if not given:
        times = columns.time_columns(table.names)
        if len(times) != 1:
            what = "times with `time`, of durations with `duration`, or give the seconds a row"
            raise _unnamed(table, f"name the column of {what} with `step_s`")
        ends = columns.end_columns(table.names) if options.end is None else [options.end]
        options = replace(options, time=times[0], end=ends[0] if len(ends) == 1 else None)
    return options


def _unnamed(table: Table, what: str) -> NotATraceError:
    return NotATraceError(table.source.path, f"{what}; the header has {table.described}")


def runs(table: Table, options: Options) -> dict[str, Table]:
    """The table's rows by the value of the run column, in the order of the file."""
    if options.run is None:
        if options.only is not None:
            raise table.source.error("option only needs run, the column that tells runs apart")
        return {"": table}
    column = table.column(options.run)
    rows: dict[str, list[Row]] = {}
    for row in table.rows:
        rows.setdefault(row[1][column], []).append(row)
    if options.only is not None:
        if options.only not in rows:
            known = ", ".join(rows)[:200]
            raise table.source.error(f"no run {options.only[:40]!r} in {options.run}; has {known}")
        rows = {options.only: rows[options.only]}
    return {name: replace(table, rows=of) for name, of in rows.items()}
