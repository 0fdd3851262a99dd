"""When the rows of a table of rates start, and how long they last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from traces.recording import TraceError

from . import epochs, units
from .decimals import decimal_in, plain_number
from .delimited import Table, is_missing, left_out
from .intervals import GOES_BACK, Intervals, from_ends, from_instants
from .layout import OWN_HEADER, Options
from .stamps import (
    as_stamps,
    exact,
    exact_numbers,
    is_number,
    iso_form,
    plain_numbers,
    seconds_from_first,
)

_IF_TIME_GOES_BACK = (
    ": several recordings in one file need run=COLUMN, local times at the end of summer time "
    "their offset from UTC"
)


def with_decimal(table: Table, options: Options) -> Options:
    """The options with the decimal sign of the table's times and rates, over all of its runs."""
    rates = [name for name in (options.down, options.up) if name is not None]
    numbers = [table.column(name) for name in (*_named(options), *rates)]
    decimal = decimal_in(table, numbers, options.decimal, options.missing)
    return replace(options, decimal=decimal)


def _named(options: Options) -> list[str]:
    """The columns of times."""
    return [name for name in (options.time, options.end, options.duration) if name is not None]


def timed(table: Table, options: Options) -> tuple[Table, list[str]]:
    """The rows that have a time, and warnings."""
    named = _named(options)
    timed = [table.column(name) for name in named]
    rows = table.rows
    for column in timed:
        if options.missing is not None or plain_numbers(table.cells(column)) is None:
            rows = [row for row in rows if not is_missing(row[1][column], options.missing)]
    if not rows:
        raise table.source.error(f"no row has a {' and a '.join(named)}", table.rows[0][0])
    n_missing = len(table.rows) - len(rows)
    told = [left_out(n_missing, len(table.rows), " or no ".join(named))] if n_missing else []
    table = replace(table, rows=rows)
    return table, told


def intervals_of(table: Table, options: Options) -> Intervals:
    """How long each row lasts. Raises TraceError with the row that makes no sense."""
    intervals = _declared(table, options)
    doubts = _doubts_of_unit(table, options, intervals)
    return replace(intervals, warnings=(*intervals.warnings, *doubts)) if doubts else intervals


def _declared(table: Table, options: Options) -> Intervals:
    if options.step_s is not None:
        n_rows, step_s = len(table.rows), options.step_s
        edges_s = [row * step_s for row in range(n_rows + 1)]
        return Intervals(lengths_s=[step_s] * n_rows, edges_s=edges_s)
    if options.duration is not None:
        return Intervals(lengths_s=_durations_s(table, options, options.duration))
    name = options.time or ""
    try:
        starts_s, ends_s = _instants_s(table, options, name)
        if ends_s:
            may_have_gaps = table.names != OWN_HEADER
            return from_ends(starts_s, ends_s, options.end or "", may_have_gaps)
        return from_instants(starts_s, options.max_gap_s)
    except TraceError:
        raise
    except ValueError as error:
        rule, *index = error.args
        if not index:
            raise table.source.error(rule, table.rows[0][0]) from None
        hint = _IF_TIME_GOES_BACK if rule.startswith(GOES_BACK) else ""
        line, _ = table.rows[index[0] % len(table.rows)]
        raise table.source.error(f"{name} {rule}{hint}", line) from None


def _instants_s(
    table: Table, options: Options, name: str
) -> tuple[Sequence[float], Sequence[float]]:
    """Starts and, where there is a column of them, ends of the rows, after the first start.

    Raises ValueError with the index of the offending cell, counted through both columns.
    """
    texts = _texts(table, options, name)
    if options.end is not None:
        texts += _texts(table, options, options.end)
    seconds = seconds_from_first(texts, _time_unit_s(table, options, name))
    return seconds[: len(table.rows)], seconds[len(table.rows) :]


def _durations_s(table: Table, options: Options, name: str) -> list[float]:
    unit_s = _time_unit_s(table, options, name) or 1.0
    lengths_s = []
    for (line, _), text in zip(table.rows, _texts(table, options, name), strict=True):
        with table.source.naming(name, line):
            length_s = exact(text) * unit_s
        if length_s <= 0.0:
            raise table.source.error(f"{name} must be above 0, got {text[:40]}", line)
        lengths_s.append(length_s)
    return lengths_s


def _texts(table: Table, options: Options, name: str) -> list[str]:
    cells = table.cells(table.column(name))
    return [plain_number(cell, ",") for cell in cells] if options.decimal == "," else cells


def _time_unit_s(table: Table, options: Options, name: str) -> float | None:
    """Seconds in the unit of times: as declared, else by the column's name, else None."""
    if options.time_unit is not None:
        with table.source.naming("option time_unit"):
            return units.time_unit(options.time_unit)
    column = table.column(name)
    first = plain_number(table.rows[0][1][column], options.decimal or ".")
    if not table.has_header or not is_number(first):
        return None
    with table.source.naming(f"column {name[:40]!r}"):
        try:
            return units.time_unit_in(table.names[column])
        except ValueError:
            if iso_form(first) is None:  # "Time (yyyymmddHHMMSS)" is a fine name of a stamp
                raise
    return None


def _doubts_of_unit(table: Table, options: Options, intervals: Intervals) -> list[str]:
    """A warning where rows are long and nobody said in which unit their times are."""
    name = options.time or options.duration
    if name is None or _time_unit_s(table, options, name) is not None:
        return []
    usual_s = sorted(intervals.lengths_s)[(len(intervals.lengths_s) - 1) // 2]
    texts = _texts(table, options, name)
    if usual_s < epochs.LONG_ROW_S or as_stamps(texts, None) is not None:
        return []
    unit_s = 1.0 if options.time is None else epochs.unit_s(exact_numbers(texts))
    doubt = epochs.doubt_of_long_rows(name, unit_s, usual_s)
    return [doubt] if doubt else []
