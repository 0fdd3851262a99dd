"""Ends of time: budgets and deadlines that what ends exactly with them still meets."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simpy import Environment, Event, Interrupt, Timeout

_SLACK = 2e-15
"""Relative slack of an end of time. A sum of floats such as 0.1 + 0.1 + 0.1 misses its value by
last places: with the slack, three rounds of 0.1 s fit into a window of 0.3 s."""

ABSENCE, DEADLINE, RUN_END, WINDOW_END = 1, 2, 3, 4
"""In which order ends of the same instant count: a client's availability first; then a round's
deadline, whose reports are then used; then the end of the run; then that of a trial's window."""


def end_of_time(env: Environment, delay_s: float, order: int) -> Timeout:
    """An event `delay_s` from now, just after everything that belongs to that instant."""
    return env.timeout(delay_s + _SLACK * order * (env.now + delay_s))


def take_time(env: Environment, seconds: float) -> Generator[Event, Any, bool]:
    """Let `seconds` pass; returns False if interrupted. Zero seconds are no event at all."""
    if seconds:
        try:
            yield env.timeout(seconds)
        except Interrupt:
            return False
    return True
