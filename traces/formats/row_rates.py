"""The rates of a table's columns, in bytes/s."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from traces.step import StepTrace

from . import units
from .decimals import plain_number
from .delimited import Table, is_missing, left_out
from .intervals import Intervals
from .layout import Options
from .stamps import is_number, plain_numbers

_LARGEST_RATE = 1e15
_NO_RATE = -1.0
"""Stands for no value in many logs."""


def _rate_unit(table: Table, options: Options, name: str) -> tuple[float, list[str]]:
    """Bytes/s in the unit of a column of rates, and warnings. Raises TraceError without one."""
    try:
        in_name = units.rate_unit_in(name) if table.has_header else None
    except ValueError as error:
        if options.rate_unit is None:
            raise table.source.error(f"column {name[:40]!r}: {error} with rate_unit") from None
        in_name = None
    if options.rate_unit is None:
        if in_name is None:
            raise table.source.error(
                f"the unit of column {name[:40]!r} is not known: say rate_unit "
                f"({units.RATE_NAMES}), or put it in the column's name, as in dl_mbps"
            )
        return in_name[1], []
    with table.source.naming("option rate_unit"):
        factor = units.rate_unit(options.rate_unit)
    if in_name is not None and in_name[1] != factor:
        return factor, [f"column {name[:40]!r} was read in {options.rate_unit}, as rate_unit says"]
    return factor, []


def rates_of(
    table: Table, options: Options, column: str | None, intervals: Intervals
) -> tuple[StepTrace | None, list[str]]:
    """The trace of one column without its missing rows, and warnings; None if all are missing."""
    if column is None:
        return None, []
    index = table.column(column)
    factor, warnings = _rate_unit(table, options, table.names[index])
    values: Sequence[float | None] = []
    numbers = plain_numbers(table.cells(index))
    if numbers and options.missing is None and 0.0 <= min(numbers) <= max(numbers) <= _LARGEST_RATE:
        values = numbers
    else:
        values = [_rate(table, options, line, row[index], column) for line, row in table.rows]
    known = [i for i, value in enumerate(values) if value is not None]
    n_missing = len(values) - len(known)
    if n_missing:
        end = "" if known else ": nothing is left of this direction"
        warnings.append(left_out(n_missing, len(values), column) + end)
    if not known:
        return None, warnings
    if not n_missing and intervals.edges_s is not None:
        edges_s = np.asarray(intervals.edges_s, dtype=np.float64)
    else:
        lengths_s = np.asarray(intervals.lengths_s, dtype=np.float64)[known]
        edges_s = np.concatenate(([0.0], np.cumsum(lengths_s)))
    rates = np.asarray([value * factor for value in values if value is not None])
    return table.source.trace(edges_s, rates * np.diff(edges_s)), warnings


def _rate(table: Table, options: Options, line: int, cell: str, column: str) -> float | None:
    """A rate in the column's own unit; None for a missing one."""
    if is_missing(cell, options.missing):
        return None
    text = plain_number(cell, options.decimal or ".")
    if not is_number(text):
        raise table.source.error(f"{column} must be a number, got {cell[:40]!r}", line)
    value = float(text)
    if value == _NO_RATE or value == _number(options.missing):
        return None
    if value < 0.0:
        raise table.source.error(
            f"{column} must be at least 0, got {cell[:40]}; if that stands for no value, "
            f"say missing={cell[:40]}",
            line,
        )
    if value > _LARGEST_RATE:
        raise table.source.error(f"{column} must be at most {_LARGEST_RATE:g}, got {value:g}", line)
    return value


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and is_number(text) else None
