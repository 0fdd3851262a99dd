"""Waiting: for an instant, for one that comes after everything else at it, or for a while."""

from __future__ import annotations

from collections.abc import Callable, Generator
from heapq import heappush
from typing import Any

from simpy import Environment, Event, Interrupt
from simpy.events import NORMAL

_BEHIND_WORK, _AFTER_ALL_ELSE = 2, 3  # SimPy's own priorities are 0 (urgent) and 1 (normal)


class Instant(Event):
    """Happens at `at_s` to the last bit, and then calls `then` with itself.

    SimPy schedules by a delay alone, and now + (at_s - now) can miss at_s by a last place: what a
    plan foresees and when it happens would not be the same second.
    """

    def __init__(self, env: Environment, at_s: float, then: Callable[[Event], None]) -> None:
        self.env = env
        self.callbacks = [then]
        self._ok = True
        self._value = None
        heappush(env._queue, (at_s, NORMAL, next(env._eid), self))


class Bell(Event):
    """Fires behind all work of the instant at which it is first rung, and before any Barrier."""

    def ring(self) -> None:
        """Call it last: who waits may go on before this returns."""
        if self.triggered:
            return
        self._ok = True
        self._value = None
        if self.env.peek() == self.env.now:
            self.env.schedule(self, priority=_BEHIND_WORK)  # type: ignore[arg-type]
            return
        callbacks = self.callbacks
        self.callbacks = None  # type: ignore[assignment]  # as Environment.step does
        for callback in callbacks:
            callback(self)


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
