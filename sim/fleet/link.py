"""A client's connection: the bytes moved are the integral of its bandwidth traces."""

from __future__ import annotations

import math
from dataclasses import dataclass

from traces.availability import Availability
from traces.step import StepTrace, constant

from .acknowledged_way import AcknowledgedWay
from .shared_link import SharedLink
from .transport import SlowStart


@dataclass(frozen=True, slots=True)
class OneWay:
    """One direction of a link: after the latency, bytes move at the rate of a trace (bytes/s).

    The latency of a transfer is `latency_s`, plus the round trip that a recording has at the
    transfer's start (`round_trip`, seconds; None: no recorded one). The client meets both traces
    `offset_s` and `round_trip_offset_s` seconds after their own zero. Where the server's own
    capacity is limited, `server` moves the bytes, and the trace caps this client's rate.

    With `slow_start` the latency is the round-trip time of a TCP connection (sim.fleet.transport),
    the trace is the rate of the payload, and bytes move while the other direction is not out
    (`acknowledged`; None: it never is). On the server's shared link they move all the time.
    """

    trace: StepTrace
    latency_s: float = 0.0
    offset_s: float = 0.0
    server: SharedLink | None = None
    round_trip: StepTrace | None = None
    round_trip_offset_s: float = 0.0
    slow_start: SlowStart | None = None
    acknowledged: Availability | None = None

    @property
    def acknowledged_way(self) -> AcknowledgedWay:
        """The direction as a TCP sender meets it."""
        return AcknowledgedWay(self.trace, self.offset_s, self.acknowledged)

    def latency_at(self, start_s: float) -> float:
        """The latency of a transfer that starts now: to its first byte, or a TCP round trip."""
        if self.round_trip is None:
            return self.latency_s
        return self.latency_s + self.round_trip.value_at(start_s + self.round_trip_offset_s)

    def time_for(self, start_s: float, n_bytes: float) -> float:
        """Seconds from start_s until n_bytes have arrived, alone on the link.

        The earliest instant at which the integral of the rate reaches n_bytes; inf if it never
        does.
        """
        latency_s = self.latency_at(start_s)
        if self.slow_start is not None:
            return self.slow_start.time_for(self.acknowledged_way, start_s, latency_s, n_bytes)
        if not n_bytes:
            return latency_s
        first_byte_s = start_s + latency_s + self.offset_s
        return latency_s + self.trace.time_to_accumulate(first_byte_s, n_bytes)

    def lead_s(self, start_s: float) -> float:
        """Seconds before the first byte of a transfer asks for the server's shared link.

        The latency; under TCP, the round trips before the first byte is sent.
        """
        if self.slow_start is None:
            return self.latency_at(start_s)
        return self.slow_start.lead_round_trips * self.latency_at(start_s)

    def tail_s(self, start_s: float, n_bytes: float, shared_s: float) -> float:
        """Seconds from the end of a transfer on the server's shared link until it has arrived.

        shared_s: that the shared link took. Under TCP, what slow start adds at the mean rate that
        it gave, and the half round trip of the last byte.
        """
        if self.slow_start is None:
            return 0.0
        round_trip_s = self.latency_at(start_s)
        if not shared_s:
            return round_trip_s / 2.0
        way = AcknowledgedWay(constant(n_bytes / shared_s))
        alone_s = self.slow_start.time_for(way, 0.0, round_trip_s, n_bytes)
        return max(alone_s - self.lead_s(start_s) - shared_s, 0.0)

    def expected_s(self, n_bytes: float) -> float:
        """Seconds of a transfer at the mean rate and the mean round trip; inf for a dead link."""
        mean = self.trace.mean
        if not mean:
            return math.inf
        latency_s = self.latency_s + (0.0 if self.round_trip is None else self.round_trip.mean)
        if self.slow_start is None:
            return latency_s + n_bytes / mean
        return self.slow_start.time_for(AcknowledgedWay(constant(mean)), 0.0, latency_s, n_bytes)

    def can_finish(self, start_s: float, n_bytes: float) -> bool:
        """Whether the trace ever delivers n_bytes. Constant time for a trace that loops."""
        if self.trace.end_rule == "loop":
            return self.trace.total > 0.0 or not n_bytes
        return self.time_for(start_s, n_bytes) < math.inf

    def done_by(self, start_s: float, now_s: float) -> float:
        """Bytes that a transfer begun at start_s has moved by now_s, alone on the link."""
        latency_s = self.latency_at(start_s)
        if self.slow_start is not None:
            return self.slow_start.done_by(self.acknowledged_way, start_s, latency_s, now_s)
        first_byte_s = start_s + latency_s
        last_byte_s = max(first_byte_s, now_s)
        return self.trace.integral(first_byte_s + self.offset_s, last_byte_s + self.offset_s)


@dataclass(frozen=True, slots=True)
class Link:
    """Down and up are separate traces; neither slows the other."""

    down: OneWay
    up: OneWay


@dataclass(frozen=True, slots=True)
class ServerLink:
    """The server's own link to (`down`) and from (`up`) its clients; None: unlimited."""

    down: SharedLink | None = None
    up: SharedLink | None = None


UNSHARED = ServerLink()
"""A server whose link is unlimited."""
