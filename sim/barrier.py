"""Waiting: for an instant that comes after everything else that happens at it, or for a while."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simpy import Environment, Event, Interrupt

_AFTER_ALL_ELSE = 2  # SimPy's own priorities are 0 (urgent) and 1 (normal)


class Barrier(Event):
    """Fires `delay_s` from now, after every other event of that instant.

    So a round that ends exactly when its budget does still counts.
    """

    def __init__(self, env: Environment, delay_s: float) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        env.schedule(self, priority=_AFTER_ALL_ELSE, delay=delay_s)  # type: ignore[arg-type]


def take_time(env: Environment, seconds: float) -> Generator[Event, Any, bool]:
    """Let some time pass; returns False if interrupted. No time is no event at all."""
    if seconds:
        try:
            yield env.timeout(seconds)
        except Interrupt:
            return False
    return True
