"""Units of rates and times: by option, or found in a column's name."""

from __future__ import annotations

import re

_DECIMAL = {"k": 1e3, "kilo": 1e3, "m": 1e6, "mega": 1e6, "g": 1e9, "giga": 1e9, "t": 1e12}
_BINARY = {"ki": 2.0**10, "kibi": 2.0**10, "mi": 2.0**20, "mebi": 2.0**20}
_PREFIXES = {"": 1.0, "gi": 2.0**30, "gibi": 2.0**30, "ti": 2.0**40} | _BINARY | _DECIMAL
_RATE = re.compile(
    r"(?:(?P<long>kilo|mega|giga|kibi|mebi|gibi)[ _-]?|(?P<short>[kmgt]i?))?"
    r"(?:(?P<word>bit|byte)s?|(?P<letter>b))"
    r"(?:ps|[ _]?(?:/|per)[ _]?(?:second|sec|s)|[ _]s(?:\^?-1))",
    re.IGNORECASE,
)
_START = re.compile(r"(?<![A-Za-z])|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
RATE_NAMES = "bit/s, kbit/s, Mbit/s, Gbit/s, byte/s, kB/s, MB/s, KiB/s, MiB/s"

TIME_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "usecs", "micros"), 1e-6),
    **dict.fromkeys(("microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nsecs", "nanos", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
}
"""Seconds in each unit of time, by every name it goes by."""

_UNKNOWN_UNITS = (
    *("m", "ps", "cs", "ds", "tick", "ticks", "jiffies", "cycles", "samples", "frames"),
    *("wk", "wks", "week", "weeks", "mo", "month", "months", "yr", "yrs", "year", "years"),
)
"""Words that end a column's name as a unit does, and are none of TIME_UNITS."""

_NO_UNITS = (
    *("utc", "gmt", "cet", "cest", "est", "edt", "pst", "pdt", "bst", "jst", "ist", "local"),
    *("unix", "posix", "epoch", "elapsed", "relative", "rel", "absolute", "abs", "start", "end"),
    *("on", "off", "begin", "from", "to", "until", "inclusive", "exclusive", "date", "timestamp"),
)
"""Words in brackets behind the name of a time that are no unit."""

_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]\s*$")


def rate_unit(text: str) -> float:
    """Bytes/s in one unit of rate. Raises ValueError if the unit is unknown or ambiguous."""
    match = _RATE.fullmatch(text.strip()) or _RATE.fullmatch(f"{text.strip()}/s")
    if match is None:
        raise ValueError(f"must be one of {RATE_NAMES}, got {text[:40]!r}")
    return _bytes_per_s(match)


def rate_unit_in(name: str) -> tuple[str, float] | None:
    """The unit of rate that a column's name holds, as (text, bytes/s); None if it holds none.

    Raises ValueError if it is ambiguous.
    """
    for match in _RATE.finditer(name):
        after = name[match.end() : match.end() + 1]
        if _START.match(name, match.start()) and not after.islower():
            return match.group(), _bytes_per_s(match)
    return None


def _bytes_per_s(match: re.Match[str]) -> float:
    """A letter's case says bit or byte: b is a bit and B a byte.

    What some write for either is refused: all capitals (MBPS), and small letters where the
    prefix needs a capital (mb/s, mib/s); mbps alone always means Mbit/s.
    """
    text, letter = match.group(), match["letter"]
    prefix = match["long"] or match["short"] or ""
    factor = _PREFIXES[prefix.lower()]
    if letter is None:
        return factor / 8.0 if match["word"].lower() == "bit" else factor
    is_loud = text.isupper() and "/" not in text
    is_quiet = text.islower() and prefix[:1] in ("m", "g", "t") and text[-2:] != "ps"
    if is_loud or is_quiet or (prefix.endswith("i") and letter == "b" and text.islower()):
        bits, octets = f"{prefix.capitalize()}bit/s", f"{prefix.capitalize()}B/s"
        raise ValueError(f"{text!r} may mean {bits} or {octets}: write the one that is meant")
    return factor if letter == "B" else factor / 8.0


def time_unit(text: str) -> float:
    """Seconds in one unit of time. Raises ValueError if the unit is unknown."""
    if text.strip().lower() not in TIME_UNITS:
        raise ValueError(f"must be one of s, ms, us, ns, min, h, d, got {text[:40]!r}")
    return TIME_UNITS[text.strip().lower()]


def time_unit_in(name: str) -> float | None:
    """Seconds in the unit of time that ends a column's name: "t_ms", "Timestamp (us)".

    Raises ValueError if what ends it looks like a unit and is none that is known.
    """
    words = _words(name)
    is_alone = len(words) < 2 and not re.search(r"[(\[_]", name)
    if not words or (is_alone and words[-1] in ("s", "h", "d", "min")):
        return None
    brackets = _BRACKETS.search(name)
    inside = [] if brackets is None else _words(brackets[1])
    named = {TIME_UNITS[word] for word in inside if word in TIME_UNITS}
    if len(named) == 1:
        return named.pop()
    is_odd = words[-1] in _UNKNOWN_UNITS and not is_alone
    if is_odd or (len(inside) == 1 and inside[0] not in TIME_UNITS and inside[0] not in _NO_UNITS):
        raise ValueError(
            f"may name a unit of time that is not known: {words[-1][:40]!r}; "
            "say time_unit (s, ms, us, ns, min, h or d)"
        )
    return TIME_UNITS.get(words[-1])


def _words(name: str) -> list[str]:
    return re.findall(r"[a-zµμ]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
