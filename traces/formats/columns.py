"""Which column of a table holds what, told by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from traces.recording import Direction

from .units import TIME_UNITS, rate_unit_in

_TIMES = (
    *("t", "time", "times", "timestamp", "timestamps", "ts", "stamp", "datetime"),
    *("elapsed", "epoch", "unixtime", "unix", "start", "seconds"),
)
_ENDS = ("end", "stop", "finish")
_WORDS = {
    "down": ("dl", "down", "downlink", "download", "downstream"),
    "up": ("ul", "up", "uplink", "upload", "upstream"),
}
_DEVICES = ("device", "client", "phone", "node", "user", "host", "name", "id", "uid")
_ONS = ("on", "start", "begin", "from", "active", "online", "available", "since")
_OFFS = ("off", "end", "stop", "to", "until", "inactive", "offline", "finish")
_FILLERS = (
    *("time", "stamp", "timestamp", "epoch", "elapsed"),
    *("utc", "gmt", "local", "at", "id", "no"),
)


def words(name: str) -> list[str]:
    """The words of a column's name in small letters: "DL (kbps)" has dl and kbps."""
    return re.findall(r"[a-zµμ]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())


def time_columns(names: Sequence[str]) -> list[str]:
    """Columns whose name is one of a time, perhaps with its unit: "t", "Timestamp (ms)"."""
    return [name for name in names if _is(name, _TIMES)]


def end_columns(names: Sequence[str]) -> list[str]:
    """Columns whose name is one of the end of an interval: "end_s"."""
    return [name for name in names if _is(name, _ENDS)]


def direction_of(name: str) -> Direction | None:
    """The direction that a name of a column or file tells of; None if none, or both.

    >>> direction_of("DL (kbps)"), direction_of("bus-up.log"), direction_of("pickup.csv")
    ('down', 'up', None)
    """
    down, up = (bool(set(words(name)) & set(_WORDS[way])) for way in ("down", "up"))
    return None if down == up else "down" if down else "up"


def rate_columns(names: Sequence[str], direction: str) -> list[str]:
    """Columns whose name tells of a direction and a unit of rate: "DL (kbps)"."""
    tells = [name for name in names if set(words(name)) & set(_WORDS[direction])]
    return [name for name in tells if _has_unit(name)]


def window_columns(names: Sequence[str]) -> tuple[str, str, str] | None:
    """The columns of a device's name and of the start and end of its windows; None if unclear."""
    plain = {name: re.sub(r"(?i)^available[_ -](?=[a-z])", "", name) for name in names}
    found = [[n for n in names if _is(plain[n], kind)] for kind in (_DEVICES, _ONS, _OFFS)]
    if [len(of) for of in found] != [1, 1, 1] or any(_has_unit(name) for name in names):
        return None
    (device,), (on,), (off,) = found
    return device, on, off


def _is(name: str, known: Sequence[str]) -> bool:
    """Whether a name's first word is known, and the others are fillers or units of time."""
    first, *others = words(name) or [""]
    return first in known and all(one in TIME_UNITS or one in _FILLERS for one in others)


def _has_unit(name: str) -> bool:
    try:
        return rate_unit_in(name) is not None
    except ValueError:
        return True  # an ambiguous one
