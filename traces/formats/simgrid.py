"""SimGrid's profiles of a link: its state (1 on, 0 off) or its bandwidth in bytes/s, over time.

A line `date value` sets the value from that second on. `LOOPAFTER s` repeats the profile s
seconds after its last date; `PERIODICITY s` repeats it every s seconds. Without either the last
value holds for ever. Lines that begin with # or % are comments.

Before the first date a repeated profile has its last value. In a profile that does not repeat, a
resource is on until the first date says otherwise, and a bandwidth is the first one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from traces.availability import from_windows
from traces.recording import AvailabilityRecording, BandwidthRecording, Direction, one_way
from traces.step import EndRule

from .source import Source

Kind = Literal["state", "bandwidth"]

_KEYWORDS = ("LOOPAFTER", "PERIODICITY", "STOCHASTIC")
_KEYWORD = re.compile(rb"^[ \t]*(LOOPAFTER|PERIODICITY|STOCHASTIC)\b", re.MULTILINE)
_STATES = ("0", "1", "0.0", "1.0", "0.", "1.")
_LEAST_BYTES_PER_S = 1000.0
_SHORTEST_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Profile:
    """Dates and values in order, and the seconds after which they repeat; None if never."""

    dates_s: list[float]
    values: list[float]
    period_s: float | None
    warnings: tuple[str, ...] = ()


def sniff(source: Source) -> bool:
    """Whether the content is pairs of numbers, with one of the keywords or only states.

    A Pensieve file has neither: its rates are not all 0 and 1.
    """
    if any(words[0] == "STOCHASTIC" for words in source.head):
        return True
    lines = [words for words in source.head if not _is_comment(words) and words[0] not in _KEYWORDS]
    if not lines or any(len(words) != 2 for words in lines):
        return False
    try:
        _ = [float(word) for words in lines for word in words]
    except ValueError:
        return False
    if _has_keyword(source):
        return True
    if any(words[1] not in _STATES for words in lines):
        return False
    pairs = [words for _, words in source.rows() if not _is_comment(words)]
    return all(len(words) == 2 and words[1] in _STATES for words in pairs)


def _is_comment(words: list[str]) -> bool:
    return words[0][0] in "#%"


def _has_keyword(source: Source) -> bool:
    ends = source.data[:4096] + b"\n" + source.data[-4096:]
    return _KEYWORD.search(ends) is not None


def read(
    source: Source, kind: Kind | None = None, direction: Direction | None = None
) -> AvailabilityRecording | BandwidthRecording:
    """One device's availability, or the bandwidth of a direction (down, unless said otherwise).

    kind: what the profile is of, where its values do not tell.
    """
    profile = _profile(source)
    if (kind or _kind(source, profile)) == "state":
        return _availability(source, profile)
    return _bandwidth(source, profile, direction)


def _kind(source: Source, profile: _Profile) -> Kind:
    states = set(profile.values)
    if states == {0.0, 1.0} or (states <= {0.0, 1.0} and _has_keyword(source)):
        return "state"
    if states <= {0.0, 1.0}:
        raise source.error(
            f"every value is {profile.values[0]:g}: say kind=state for a SimGrid profile of a "
            "device that is always or never on, or format=pensieve for rates in Mbit/s"
        )
    if max(states) < _LEAST_BYTES_PER_S:
        raise source.error(
            f"values up to {max(states):g} are neither states nor bytes/s: profiles of speed and "
            "of latency are not read; kind=bandwidth reads them as bytes/s"
        )
    return "bandwidth"


def _profile(source: Source) -> _Profile:
    dates_s: list[float] = []
    values: list[float] = []
    repeats: dict[str, float] = {}
    for line, words in source.rows():
        if _is_comment(words):
            continue
        if words[0] == "STOCHASTIC":
            raise source.error("a random profile is no recording: draw it and write it out", line)
        if len(words) != 2:
            raise source.error(f"a line is `date value`, got {len(words)} words", line)
        if words[0] in _KEYWORDS:
            repeats[words[0]] = source.number(words[1], words[0], line, high=1e12)
            continue
        date_s = source.number(words[0], "date", line, high=1e12)
        value = source.number(words[1], "value", line)
        if dates_s and date_s < dates_s[-1]:
            raise source.error(f"dates must not decrease, got {date_s:g} s here", line)
        if dates_s and date_s == dates_s[-1]:
            values[-1] = value
            continue
        dates_s.append(date_s)
        values.append(value)
    if not dates_s:
        raise source.error("needs at least one line `date value`")
    profile = _Profile(dates_s=dates_s, values=values, period_s=None)
    return _repeated(source, profile, repeats)


def _repeated(source: Source, profile: _Profile, repeats: dict[str, float]) -> _Profile:
    """With its period. Older versions of SimGrid took PERIODICITY as they took LOOPAFTER."""
    last_s = profile.dates_s[-1]
    if "PERIODICITY" in repeats and repeats["PERIODICITY"] > last_s:
        return replace(profile, period_s=repeats["PERIODICITY"])
    if "PERIODICITY" in repeats:
        period_s = last_s + repeats["PERIODICITY"]
        told = f"PERIODICITY is not after the last date: repeats every {period_s:g} s, as LOOPAFTER"
        profile = replace(profile, warnings=(told,))
    elif "LOOPAFTER" in repeats:
        period_s = last_s + repeats["LOOPAFTER"]
    else:
        return profile
    if period_s <= last_s:
        raise source.error("LOOPAFTER or PERIODICITY must be above 0 s")
    return replace(profile, period_s=period_s)


def _steps(profile: _Profile, before: float) -> tuple[list[float], list[float], EndRule]:
    """Edges from 0 to the end of the period, a value for each interval, and the end rule.

    before: the value until the first date, where the profile does not repeat.
    """
    dates_s, values = list(profile.dates_s), list(profile.values)
    if dates_s[0] > 0.0:
        before = before if profile.period_s is None else values[-1]
        dates_s, values = [0.0, *dates_s], [before, *values]
    if profile.period_s is not None:
        return [*dates_s, profile.period_s], values, "loop"
    last_s = dates_s[-1] - dates_s[-2] if len(dates_s) > 1 else _SHORTEST_S
    return [*dates_s, dates_s[-1] + last_s], values, "hold"


def _availability(source: Source, profile: _Profile) -> AvailabilityRecording:
    if not set(profile.values) <= {0.0, 1.0}:
        raise source.error("a state must be 0 or 1")
    edges_s, values, end_rule = _steps(profile, before=1.0)
    windows_s = [
        (on_s, off_s)
        for on_s, off_s, value in zip(edges_s, edges_s[1:], values, strict=False)
        if value
    ]
    with source.naming(""):
        device = from_windows(windows_s, edges_s[-1], end_rule)
    warnings = profile.warnings
    if not _has_keyword(source):
        told = "read as on and off by its values 0 and 1: if they are Mbit/s, say format=pensieve"
        warnings = (*warnings, told)
    return AvailabilityRecording(format="simgrid", devices={"0": device}, warnings=warnings)


def _bandwidth(
    source: Source, profile: _Profile, direction: Direction | None
) -> BandwidthRecording:
    edges_s, rates, end_rule = _steps(profile, before=profile.values[0])
    amounts = [
        rate * (end_s - start_s)
        for start_s, end_s, rate in zip(edges_s, edges_s[1:], rates, strict=False)
    ]
    warnings = profile.warnings
    if profile.dates_s[0] > 0.0 and profile.period_s is None:
        told = f"no bandwidth before {profile.dates_s[0]:g} s: the first one was taken"
        warnings = (*warnings, told)
    trace = source.trace(edges_s, amounts, end_rule)
    return one_way("simgrid", direction, trace, warnings=warnings)
