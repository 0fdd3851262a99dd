"""One direction of a link as a TCP sender meets it: bytes move while their receipt is told.

A receiver acknowledges what arrives over the other direction. While that one is out, the sender
runs out of window and stands still.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from traces.availability import Availability, from_windows
from traces.step import StepTrace

from .availability import MARGIN_S

_MOST_OUTAGES = 10_000
"""Within one transfer: a path that is out whenever its link moves bytes never delivers them."""


@dataclass(frozen=True, slots=True)
class AcknowledgedWay:
    """A trace of payload bytes/s, met `offset_s` after its zero.

    acknowledged: when the other direction is not out, in the client's own time; None: always.
    """

    trace: StepTrace
    offset_s: float = 0.0
    acknowledged: Availability | None = None

    def seconds_for(self, start_s: float, n_bytes: float) -> float:
        """Seconds from start_s until n_bytes have been sent; inf if they never are."""
        own = self.acknowledged
        if own is None:
            return self.trace.time_to_accumulate(start_s + self.offset_s, n_bytes)
        at_s, left = start_s, n_bytes
        for _ in range(_MOST_OUTAGES):
            if not own.available_at(at_s) and (at_s := _next_change(own, at_s)) == math.inf:
                return math.inf
            seconds = self.trace.time_to_accumulate(at_s + self.offset_s, left)
            until_s = _next_change(own, at_s)
            if at_s + seconds <= until_s:
                return at_s + seconds - start_s
            left = max(left - self._moved(at_s, until_s), 0.0)
            at_s = until_s
        return math.inf

    def sent(self, from_s: float, to_s: float) -> float:
        """Bytes that can be sent between two instants."""
        own = self.acknowledged
        if own is None:
            return self._moved(from_s, to_s)
        sent, at_s = 0.0, from_s
        while at_s < to_s:
            next_s = min(_next_change(own, at_s), to_s)
            if own.available_at(at_s):
                sent += self._moved(at_s, next_s)
            at_s = next_s
        return sent

    def _moved(self, from_s: float, to_s: float) -> float:
        return self.trace.integral(from_s + self.offset_s, to_s + self.offset_s)


def _next_change(own: Availability, at_s: float) -> float:
    """The next change, at least the trace's slack later: rounding could leave it at at_s."""
    return max(own.next_change(at_s), at_s + MARGIN_S)


def working(trace: StepTrace) -> Availability | None:
    """When the rate of a trace is above 0; None if it always is. After its end, its last state."""
    is_out = trace.values == 0.0
    if not is_out.any():
        return None
    edges_s = trace.edges_s
    starts, ends = edges_s[:-1][~is_out], edges_s[1:][~is_out]
    own = from_windows(
        zip(starts.tolist(), ends.tolist(), strict=True),
        trace.period_s,
        "loop" if trace.end_rule == "loop" else "hold",
    )
    return own.shift(-trace.start_s) if trace.start_s else own
