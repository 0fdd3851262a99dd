"""The times of a table of availability windows, as seconds from the start of its first day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from traces.recording import TraceError

from . import epochs, units
from .decimals import Decimal, decimal_in, plain_number
from .delimited import Row, Table
from .event_log import DAY_S
from .source import Source
from .stamps import as_stamps, exact, is_number, is_stamp, iso_form, nanoseconds

_EPOCH_S = 1e8
"""Times from here on are seconds since 1970 (this is 1973), not since the start of a day."""

_OF_A_DAY = (
    (1.0, "d", 86_400.0, "parts of a day"),
    (24.0, "h", 3600.0, "hours of the day"),
    (1440.0, "min", 60.0, "minutes of the day"),
)
"""The most that times can be, if they are in a unit: its name and seconds, and what they are."""

_SHORTEST_WINDOW = 1.0
"""Windows are longer than this in seconds, and most often not in days."""

_Cell = tuple[int, str]
"""A line number, and a time with a decimal point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How a table's times become seconds from the start of its first day."""

    source: Source
    at: tuple[int, int]
    unit_s: float
    decimal: Decimal
    is_compact: bool
    origin_s: float = 0.0

    def seconds(self, line: int, cell: str) -> float:
        """Raises TraceError for a cell that is no time."""
        text = plain_number(cell, self.decimal)
        stamp = iso_form(text) if self.is_compact else text if is_stamp(text) else None
        with self.source.naming("a time", line):
            if stamp is not None:
                return nanoseconds(stamp)[0] / 1e9 - self.origin_s
            return exact(text) * self.unit_s - self.origin_s


def clock_of(
    table: Table,
    rows: Sequence[Row],
    at: tuple[int, int],
    time_unit: str | None = None,
    decimal: Decimal | None = None,
    period_s: float | None = None,
) -> Clock:
    """The clock of the columns `at`. Raises TraceError if their times are unclear or of two kinds.

    period_s: what the windows must fit in, if it is known.
    """
    source, decimal = table.source, decimal_in(table, at, decimal)
    cells = [(line, plain_number(row[i], decimal)) for line, row in rows for i in at]
    numbers = [(line, text) for line, text in cells if is_number(text)]
    is_compact = as_stamps([text for _, text in numbers], None) is not None
    unit_s = _declared_s(table, at, time_unit, bool(numbers) and not is_compact)
    _check_kinds(source, cells, is_compact)
    if unit_s is None:
        is_told = is_compact or not numbers
        unit_s = 1.0 if is_told else _undeclared_s(source, cells, numbers, period_s)
    clock = Clock(source=source, at=at, unit_s=unit_s, decimal=decimal, is_compact=is_compact)
    first_s = min(_readable_s(clock, cells), default=0.0)
    if first_s < _EPOCH_S:
        return clock
    return replace(clock, origin_s=first_s // DAY_S * DAY_S)


def _readable_s(clock: Clock, cells: Sequence[_Cell]) -> Iterator[float]:
    for line, text in cells:
        with suppress(TraceError):
            yield clock.seconds(line, text)


def _declared_s(
    table: Table, at: Sequence[int], time_unit: str | None, has_numbers: bool
) -> float | None:
    """Seconds in the unit of numbers, by option or by the columns' names; None if undeclared."""
    if time_unit is not None:
        with table.source.naming("option time_unit"):
            return units.time_unit(time_unit)
    if not table.has_header or not has_numbers:
        return None
    found: set[float] = set()
    for name in (table.names[i] for i in at):
        with table.source.naming(f"column {name[:40]!r}"):
            unit_s = units.time_unit_in(name)
        found |= set() if unit_s is None else {unit_s}
    if len(found) > 1:
        both = " and ".join(table.names[i][:40] for i in at)
        raise table.source.error(f"columns {both} name two units of time: they must have one")
    return found.pop() if found else None


def _check_kinds(source: Source, cells: Sequence[_Cell], is_compact: bool) -> None:
    """Raise TraceError unless all times are numbers, or stamps that all name a zone, or that do
    not. What is no time is passed over: it costs its device only."""
    first: tuple[bool, bool] | None = None
    for line, text in cells:
        kind = _kind(text, is_compact)
        first = first or kind
        if kind is None or kind == first or first is None:
            continue
        if kind[0] != first[0]:
            rule = f"times must be numbers in all rows or stamps in all, got {text[:40]!r}"
        else:
            rule = f"times must name a time zone in all rows or none: {text[:40]!r}"
        raise source.error(rule, line)


def _kind(text: str, is_compact: bool) -> tuple[bool, bool] | None:
    """Whether a time is a stamp, and whether it names its zone; None for what is no time."""
    if is_number(text):
        return is_compact, False
    try:
        return True, nanoseconds(text)[1]
    except ValueError:
        return None


def _undeclared_s(
    source: Source, cells: Sequence[_Cell], numbers: Sequence[_Cell], period_s: float | None
) -> float:
    """Seconds in the unit of numbers, by their size. Raises TraceError where that is unclear."""
    values = [float(text) for _, text in numbers]
    _check_part_of_day(source, max(values), numbers[0][0], period_s)
    middle = sorted(range(len(values)), key=values.__getitem__)[len(values) // 2]
    pairs = zip(cells[::2], cells[1::2], strict=True)
    ends = ((on, off) for (_, on), (_, off) in pairs if is_number(on) and is_number(off))
    try:
        epochs.check_days(values, (float(off) - float(on) for on, off in ends), _SHORTEST_WINDOW)
        return epochs.unit_s([values[middle]])  # one bad device does not tell the unit
    except ValueError as error:
        raise source.error(f"a time {error.args[0]}", numbers[middle][0]) from None


def _check_part_of_day(source: Source, largest: float, line: int, period_s: float | None) -> None:
    """Raise TraceError for times that may be hours or minutes of a day rather than seconds."""
    for most, name, seconds, what in _OF_A_DAY:
        if 0.0 < largest <= most and (period_s is None or largest * seconds <= period_s):
            rule = f"no time is above {most:g}: {what}? say time_unit={name}, or time_unit=s"
            raise source.error(rule, line)
