"""The unit of instants that nobody declared, told by their size; refused where it is unclear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_UNITS = ((1e17, "ns", 1e-9), (1e14, "us", 1e-6), (1e11, "ms", 1e-3))
"""A number from the first on counts nanoseconds, microseconds, milliseconds since 1970: in
seconds it would be the year 5138 or later."""

_EARLIEST_S, _LATEST_S = 631_152_000.0, 4_102_444_800.0
"""1990 and 2100: no log is from before or after."""

_LONG = {"ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}

_FIRST_DAY, _LAST_DAY = 25_000.0, 80_000.0
"""Days since 1900, as spreadsheets count them, in 1968 and 2119."""

LONGEST_STEP_IN_DAYS = 1e-3
"""86 s: rows that follow each other more closely than this may be in days."""

LONG_ROW_S = 100.0
"""Rows of a log are seldom this long."""


def unit_s(instants: Sequence[float | int]) -> float:
    """Seconds in the unit of instants: 1, or less for times since 1970 (1990 to 2100).

    Raises ValueError with the index of an instant that is too large for seconds and not of then.
    """
    largest = max(map(abs, instants))
    for least, name, seconds in _UNITS:
        if largest >= least:
            _check_years(instants, name, seconds)
            return seconds
    return 1.0


def _check_years(instants: Sequence[float | int], name: str, seconds: float) -> None:
    for instant in (max(instants), min(instants)):
        if not _EARLIEST_S <= instant * seconds <= _LATEST_S:
            raise ValueError(
                f"in {name} since 1970 must be of 1990 to 2100, got {instant:.15g}: "
                "if it counts otherwise, say time_unit (s, ms, us or ns)",
                list(instants).index(instant),
            )


def check_days(
    instants: Sequence[float | int],
    steps: Iterable[float],
    longest_step: float = LONGEST_STEP_IN_DAYS,
) -> None:
    """Raise ValueError for instants that may be a spreadsheet's days rather than seconds.

    steps: from row to row, or from a window's start to its end; their median tells.
    """
    if not _FIRST_DAY <= min(instants) <= max(instants) <= _LAST_DAY:
        return
    lengths = sorted(step for step in steps if step > 0.0)
    if lengths and lengths[(len(lengths) - 1) // 2] < longest_step:
        raise ValueError(
            f"may count a spreadsheet's days, got {instants[0]:.15g}: say time_unit=d, or "
            "time_unit=s",
            0,
        )


def doubt_of_long_rows(name: str, unit_s: float, usual_s: float) -> str:
    """What to say of long rows whose unit was told by its size; "" in nanoseconds.

    It names the first finer unit in which rows are not long. name: the column of the times.
    """
    finer = {other: of for _, other, of in reversed(_UNITS) if of < 0.5 * unit_s}
    if not finer:
        return ""
    plausible = [one for one, of in finer.items() if usual_s / unit_s * of < LONG_ROW_S]
    unit = plausible[0] if plausible else "ns"
    told = next((f", read in {one} since 1970" for _, one, of in _UNITS if of == unit_s), "")
    return (
        f"rows last {usual_s:g} s each{told}: if {name} is in {_LONG[unit]}, say time_unit={unit}"
    )
