"""Ends of time: budgets and deadlines that what ends exactly with them still meets."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simpy import Environment, Event, Interrupt, Timeout

_SLACK = 1e-12
"""Relative slack of an end of time. A sum of floats misses its value by last places: three rounds
of 0.1 s end after 0.30000000000000004 s, and fit into a window of 0.3 s all the same. Every event
adds at most half a unit in the last place, 1.1e-16: this covers about 9,000 events in a span."""

DEADLINE, RUN_END, WINDOW_END = 1, 2, 3
"""In which order ends of the same instant count: a round's deadline, whose reports are then used;
the end of the run; the end of a trial's window."""


class EndsOfTime:
    """Makes the events at which spans of time end, just after all that belongs to that instant.

    The slack does not add up: a span that starts with the end of another starts at its nominal
    instant.
    """

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._nominal_s = self._reached_s = 0.0

    @property
    def now_s(self) -> float:
        """Now; just after an end of time, its nominal instant."""
        now_s: float = self._env.now
        return self._nominal_s if now_s <= self._reached_s else now_s

    def after(self, delay_s: float, order: int) -> Timeout:
        """An event `delay_s` from now."""
        nominal_s = self.now_s + delay_s
        end = self._env.timeout(max(nominal_s * (1.0 + order * _SLACK) - self._env.now, 0.0))
        end.callbacks.append(lambda _: self._reach(nominal_s))
        return end

    def is_reached(self, nominal_s: float) -> bool:
        """Whether now is an instant, up to the slack, or behind it."""
        return bool(self._env.now >= nominal_s * (1.0 - _SLACK))

    def _reach(self, nominal_s: float) -> None:
        self._nominal_s, self._reached_s = nominal_s, self._env.now


def take_time(env: Environment, seconds: float) -> Generator[Event, Any, bool]:
    """Let `seconds` pass; returns False if interrupted. Zero seconds are no event at all."""
    if seconds:
        try:
            yield env.timeout(seconds)
        except Interrupt:
            return False
    return True
