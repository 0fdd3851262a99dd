"""Instants in a table: numbers in a unit of time, epoch stamps, ISO-8601 and compact stamps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise

from . import epochs

_ISO = re.compile(
    r"(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{8})(?:[Tt_ ]\s*)"
    r"(\d{1,2})(?::?(\d{2}))(?::?(\d{2})(?:[.,](\d+))?)?"
    r"\s*(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_COMPACT = re.compile(r"((?:199|20[0-9])[0-9]{5})([0-9]{4}(?:[0-9]{2}(?:\.[0-9]+)?)?)")
"""yyyymmddHHMM, with SS and a fraction, of 1990 to 2099."""

_FINEST_OF_COMPACT_S = 1e-3
"""In a declared unit this long or longer, so many digits are no plausible time."""

_LARGEST = 1e20


def is_number(text: str) -> bool:
    """Whether the text is a plain decimal number: no nan, infinity or digits of other scripts."""
    return _NUMBER.fullmatch(text) is not None


def is_stamp(text: str) -> bool:
    """Whether the text has the shape of an ISO-8601 time stamp."""
    return _ISO.fullmatch(text) is not None


def iso_form(text: str) -> str | None:
    """A compact stamp (20240101120000) in a form of ISO-8601; None if it is none."""
    match = _COMPACT.fullmatch(text)
    if match is None:
        return None
    iso = "T".join(match.groups())
    try:
        nanoseconds(iso)
    except ValueError:
        return None
    return iso


def as_stamps(texts: Sequence[str], unit_s: float | None) -> Sequence[str] | None:
    """The texts if they are ISO-8601 stamps, by the first one, or all compact ones; None if not.

    Compact stamps are returned in a form of ISO-8601. unit_s: seconds in the unit that was
    declared for numbers; in microseconds and finer, compact stamps are numbers.
    """
    if texts and is_stamp(texts[0]):
        return texts
    if unit_s is not None and unit_s < _FINEST_OF_COMPACT_S:
        return None
    found = []
    for text in texts:
        iso = iso_form(text)
        if iso is None:
            return None
        found.append(iso)
    return found or None


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

    unit_s: seconds in the unit of numbers; None lets their size tell. Stamps need none.
    Raises ValueError with the index of the offending text as its second argument.
    """
    stamps = as_stamps(texts, unit_s)
    if stamps is not None:
        return _of_stamps(stamps)
    values = exact_numbers(texts)
    if unit_s is None:
        unit_s = epochs.unit_s(values)
        epochs.check_days(values, (after - before for before, after in pairwise(values)))
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


def exact_numbers(texts: Sequence[str]) -> Sequence[float | int]:
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
