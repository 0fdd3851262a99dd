"""An instant that comes after everything else that happens at it."""

from __future__ import annotations

from simpy import Environment, Event

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
