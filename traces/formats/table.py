"""CSV files of rates with columns of any name, and the project's own `start_s,end_s,bytes_per_s`.

Every column of rates needs a unit, from its name or from `rate_unit`. docs/traces.md lists what
to write for which table.
"""

from __future__ import annotations

from dataclasses import replace

from traces.recording import BandwidthRecording
from traces.step import StepTrace

from . import columns
from .delimited import Table, header_of, read_table
from .layout import OWN_HEADER, Options, runs, with_columns
from .population import devices
from .row_rates import rates_of
from .row_times import intervals_of, timed, with_decimal
from .source import Source


def sniff(source: Source) -> bool:
    """Whether the header alone tells the times, the directions and their units."""
    names = header_of(source)
    if names == OWN_HEADER:
        return True
    rates = [columns.rate_columns(names, direction) for direction in ("down", "up")]
    is_clear = len(columns.time_columns(names)) == 1 and max(map(len, rates)) == 1
    return is_clear and columns.window_columns(names) is None


def read(source: Source, options: Options) -> dict[str, BandwidthRecording]:
    """The rates of a table, by run; "" where no column tells runs apart."""
    named = (options.time, options.end, options.duration, options.down, options.up, options.run)
    needed = [name for name in named if name is not None]
    table = read_table(source, options.delimiter, options.header, needed)
    layout = with_decimal(table, with_columns(table, options))
    parts = runs(table, options)
    found, left_out = devices(parts, lambda _, part: _recording(part, layout), "runs")
    if left_out:
        first, recording = next(iter(found.items()))
        found[first] = replace(recording, warnings=(*recording.warnings, *left_out))
    return found


def _recording(table: Table, options: Options) -> BandwidthRecording:
    table, warnings = timed(table, options)
    intervals = intervals_of(table, options)
    warnings += intervals.warnings
    rates: dict[str, StepTrace | None] = {}
    for direction, column in (("down", options.down), ("up", options.up)):
        rates[direction], told = rates_of(table, options, column, intervals)
        warnings += told
    if rates["down"] is None and rates["up"] is None:
        raise table.source.error("no row has a rate", table.rows[0][0])
    return BandwidthRecording(
        format="csv",
        down=rates["down"],
        up=rates["up"],
        gaps_s=intervals.gaps_s,
        warnings=tuple(warnings),
    )
