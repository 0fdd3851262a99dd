"""Instants in a table: numbers in a unit of time, epoch stamps and ISO-8601 time stamps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

_ISO = re.compile(
    r"(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{8})(?:[Tt_ ]\s*)"
    r"(\d{1,2})(?::?(\d{2}))(?::?(\d{2})(?:[.,](\d+))?)?"
    r"\s*(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_LARGEST = 1e20

_EPOCH_UNITS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3))
"""A number from the first on counts nanoseconds, microseconds, milliseconds since 1970: in
seconds it would be the year 5138 or later."""


def is_number(text: str) -> bool:
    """Whether the text is a plain decimal number: no nan, infinity or digits of other scripts."""
    return _NUMBER.fullmatch(text) is not None


def is_stamp(text: str) -> bool:
    """Whether the text has the shape of an ISO-8601 time stamp."""
    return _ISO.fullmatch(text) is not None


def epoch_unit_s(largest: float) -> float:
    """Seconds in the unit of numbers that are not declared: 1, or less for epoch stamps."""
    return next((unit_s for least, unit_s in _EPOCH_UNITS if largest >= least), 1.0)


def plain_numbers(cells: Sequence[str]) -> list[float] | None:
    """The numbers that all cells are, without a look at each; None if one may be none."""
    if "".join(cells).encode().translate(None, b"0123456789.+-eE"):
        return None
    try:
        return list(map(float, cells))
    except ValueError:
        return None


def exact(text: str) -> float | int:
    """A number; whole ones stay whole, since a float resolves 256 ns of a stamp in nanoseconds.

    Raises ValueError for anything else.
    """
    if not is_number(text):
        raise ValueError(f"must be a number or an ISO-8601 time stamp, got {text[:40]!r}")
    value: float | int = int(text) if len(text) < 22 and text.isdecimal() else float(text)
    if abs(value) > _LARGEST:
        raise ValueError(f"must be at most {_LARGEST:g}, got {text[:40]}")
    return value


def nanoseconds(text: str) -> tuple[int, bool]:
    """Nanoseconds since 1970 of an ISO-8601 stamp, and whether it names its zone or offset.

    A stamp without a zone is taken as it stands. Raises ValueError for anything else.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(f"must be an ISO-8601 time stamp like those before it, got {text[:40]!r}")
    day, hour, minute, second, fraction, zone = match.groups()
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    if hours > 24 or minutes > 59 or seconds > 60:
        raise ValueError(f"is no time of day: {text[:40]!r}")
    total_s = _days(day) * 86_400 + hours * 3600 + minutes * 60 + seconds - _offset_s(zone)
    return total_s * 10**9 + int((fraction or "0")[:9].ljust(9, "0")), zone is not None


@lru_cache(maxsize=1024)
def _days(text: str) -> int:
    """Days since 1970. Raises ValueError for a day that no calendar has."""
    if text.isdecimal():
        year, month, day = text[:4], text[4:6], text[6:]
    else:
        year, month, day = re.split("[-/]", text)
    try:
        return date(int(year), int(month), int(day)).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError:
        raise ValueError(f"is no date: {text!r}") from None


@lru_cache(maxsize=256)
def _offset_s(zone: str | None) -> int:
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset_s = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -offset_s if zone[0] == "-" else offset_s


def seconds_from_first(texts: Sequence[str], unit_s: float | None) -> list[float]:
    """Seconds of each instant after the first one.

    unit_s: seconds in the unit of numbers; None lets their size tell. ISO-8601 stamps need none.
    Raises ValueError with the index of the offending text as its second argument.
    """
    if texts and is_stamp(texts[0]):
        return _of_stamps(texts)
    values: Sequence[float | int] = _exact_numbers(texts)
    unit_s = epoch_unit_s(max(map(abs, values))) if unit_s is None else unit_s
    return [(value - values[0]) * unit_s for value in values]


def _of_stamps(texts: Sequence[str]) -> list[float]:
    ticks: list[int] = []
    zones: set[bool] = set()
    for index, text in enumerate(texts):
        try:
            tick, has_zone = nanoseconds(text)
        except ValueError as error:
            raise ValueError(str(error), index) from None
        ticks.append(tick)
        zones.add(has_zone)
        if len(zones) > 1:
            raise ValueError(f"must name a time zone in all rows or none: {text[:40]!r}", index)
    return [(tick - ticks[0]) / 1e9 for tick in ticks]


def _exact_numbers(texts: Sequence[str]) -> Sequence[float | int]:
    """As exact; floats at once where none is large enough to lose its last places."""
    floats = plain_numbers(texts)
    if floats is not None and max(map(abs, floats)) < 2.0**53:
        return floats
    values: list[float | int] = []
    for index, text in enumerate(texts):
        try:
            values.append(exact(text))
        except ValueError as error:
            raise ValueError(str(error), index) from None
    return values
