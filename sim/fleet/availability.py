"""Whether a client is there, looked up ahead of time instead of watched by a process."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from traces.availability import Availability

MARGIN_S = 2e-6
"""Twice the slack at which an availability trace counts an instant as after its change."""


@dataclass(slots=True)
class Presence:
    """An availability trace, asked in the order of simulated time.

    `make` builds the trace at the first question, so that clients that nobody asks about cost
    nothing. The answer is kept until the next change.
    """

    make: Callable[[], Availability]
    on_until_s: float = field(default=-math.inf, init=False)
    """Until when it is known to be there without a question; -inf while it is away."""
    on_since_s: float = field(default=-math.inf, init=False)
    """When the present answer was looked up."""
    known_until_s: float = field(default=-math.inf, init=False)
    """Until when the present answer holds, there or away."""
    _trace: Availability | None = field(default=None, init=False)

    def is_on(self, now_s: float) -> bool:
        """Whether the client is available."""
        if now_s >= self.known_until_s - MARGIN_S:
            self._look(now_s)
        return self.on_until_s > -math.inf

    def online_s(self, now_s: float) -> float:
        """The first instant from now on at which the client is there; inf if it never is."""
        return now_s if self.is_on(now_s) else self.known_until_s

    def away_from(self, at_s: float) -> float:
        """The first instant from at_s on at which the client is away; inf if it never is. at_s may
        be yet to come: nothing is kept."""
        if self.on_since_s <= at_s < self.on_until_s - MARGIN_S:
            return self.on_until_s
        trace = self._trace or self._make()
        return trace.next_change(at_s) if trace.available_at(at_s) else at_s

    def available_s(self, from_s: float, to_s: float) -> float:
        """Seconds available between two instants, asked of the trace itself (for the audit)."""
        if self._trace is None or self.on_until_s == math.inf:
            return to_s - from_s
        total_s, at_s = 0.0, from_s
        while at_s < to_s:
            next_s = max(self._trace.next_change(at_s), at_s + MARGIN_S)
            if self._trace.available_at(at_s):
                total_s += min(next_s, to_s) - at_s
            at_s = next_s
        return total_s

    def _look(self, now_s: float) -> None:
        trace = self._trace or self._make()
        self.known_until_s = trace.next_change(now_s)
        self.on_since_s = now_s
        self.on_until_s = self.known_until_s if trace.available_at(now_s) else -math.inf

    def _make(self) -> Availability:
        self._trace = self.make()
        return self._trace
