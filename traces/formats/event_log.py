"""Availability over whole days from a phone's sorted state changes."""

from __future__ import annotations

import math
from collections.abc import Iterable

from traces.availability import Availability, from_windows

from .source import Source

DAY_S = 86_400.0
MAX_DAYS = 40_000


def whole_days_s(last_s: float) -> float:
    """The next whole number of days, so that a repetition keeps the time of day."""
    return max(math.ceil(last_s / DAY_S), 1) * DAY_S


def availability(source: Source, whose: str, states: Iterable[tuple[float, bool]]) -> Availability:
    """Availability from (seconds since the first event, available from then on), in order.

    The last state holds until the recording's last day ends; then it repeats. Raises TraceError,
    naming `whose` states they are, without an event, or for a span of more than a century: a wrong
    unit.
    """
    events = list(states)
    if not events:
        raise source.error(f"{whose}: needs at least one event")
    if events[-1][0] > MAX_DAYS * DAY_S:
        rule = f"spans more than {MAX_DAYS} days: are its times in seconds?"
        raise source.error(f"{whose}: {rule}")
    period_s = whole_days_s(events[-1][0])
    ends_s = [t_s for t_s, _ in events[1:]] + [period_s]
    windows_s = [(on_s, off_s) for (on_s, on), off_s in zip(events, ends_s, strict=True) if on]
    return from_windows(windows_s, period_s)
