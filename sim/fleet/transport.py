"""How a transfer uses its link: as a fluid, or as a TCP connection would (docs/model.md).

A fluid moves at the rate of the trace after the latency. TCP first sends `initial_segments`, then
doubles what is under way every round trip until the link is full; headers take a share of the rate;
nothing moves while the other direction, which carries the acknowledgements, is out; and connections
and requests take round trips before the first byte. Fluid is the default of constant networks; TCP
that of traces, since it predicts real transfers better (docs/fidelity.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from learner.ranges import require, require_at_least

from .acknowledged_way import AcknowledgedWay


@dataclass(frozen=True, slots=True, kw_only=True)
class Fluid:
    """Bytes move at the rate of the trace, after the latency."""

    kind: Literal["fluid"] = "fluid"

    @property
    def payload_share(self) -> float:
        """The share (0-1) of a link's rate that is payload."""
        return 1.0

    def slow_start(self, is_download: bool) -> None:
        """A fluid has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tcp:
    """TCP in slow start, then at the rate of the link. The latency is the round-trip time R.

    `header_bytes`: of the `segment_bytes + header_bytes` that a full segment takes on the link (66:
    Ethernet, IPv4, TCP with timestamps). `initial_segments`: the first window (10: RFC 6928); every
    transfer starts with it, since an idle connection loses its window. `connection: each` opens a
    connection for each transfer: R, and `tls_round_trips` x R more (1: TLS 1.3, 2: TLS 1.2).
    `download: pull` waits for a request of the client, R/2; `push`: the server sends when the round
    starts. The last byte arrives R/2 after it was sent.

    Not modelled: losses and the windows that they cut, limits of the buffers at both ends.
    """

    kind: Literal["tcp"] = "tcp"
    header_bytes: int = 66
    segment_bytes: int = 1448
    initial_segments: int = 10
    connection: Literal["kept", "each"] = "kept"
    tls_round_trips: int = 0
    download: Literal["push", "pull"] = "push"

    def __post_init__(self) -> None:
        require_at_least(0, header_bytes=self.header_bytes)
        require_at_least(1, segment_bytes=self.segment_bytes)
        require_at_least(1, initial_segments=self.initial_segments)
        require(
            0 <= self.tls_round_trips <= 4,
            f"tls_round_trips must be from 0 to 4, got {self.tls_round_trips}",
        )
        require(
            self.connection == "each" or not self.tls_round_trips,
            "tls_round_trips must be 0 for a connection that is kept (connection: kept), "
            f"got {self.tls_round_trips}",
        )

    @property
    def payload_share(self) -> float:
        """The share (0-1) of a link's rate that is payload."""
        return self.segment_bytes / (self.segment_bytes + self.header_bytes)

    def slow_start(self, is_download: bool) -> SlowStart:
        """The beginning of a transfer in one direction."""
        opening = 1.0 + self.tls_round_trips if self.connection == "each" else 0.0
        request = 0.5 if is_download and self.download == "pull" else 0.0
        return SlowStart(
            first_window_bytes=self.initial_segments * self.segment_bytes,
            lead_round_trips=opening + request,
        )


Transport = Fluid | Tcp
"""How transfers use the clients' links. A new kind is one line here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowStart:
    """The beginning of a TCP transfer on one direction of a link.

    first_window_bytes: payload of the first window. lead_round_trips: before the first byte is
    sent; half a round trip more passes before a byte that was sent arrives.
    """

    first_window_bytes: int
    lead_round_trips: float

    def time_for(
        self, way: AcknowledgedWay, start_s: float, round_trip_s: float, n_bytes: float
    ) -> float:
        """Seconds from start_s until n_bytes have arrived; inf if they never do."""
        at_s, left = start_s + self.lead_round_trips * round_trip_s, n_bytes
        for from_s, window in self._windows(way, at_s, round_trip_s):
            at_s = from_s
            if window is None or left <= window:
                break
            left -= window
        sending_s = at_s + way.seconds_for(at_s, left)
        return sending_s + round_trip_s / 2.0 - start_s

    def done_by(
        self, way: AcknowledgedWay, start_s: float, round_trip_s: float, now_s: float
    ) -> float:
        """Bytes of an endless transfer begun at start_s that have arrived by now_s."""
        sent_by_s = now_s - round_trip_s / 2.0
        at_s, done = start_s + self.lead_round_trips * round_trip_s, 0.0
        for from_s, window in self._windows(way, at_s, round_trip_s):
            if from_s >= sent_by_s:
                break
            sent = way.sent(from_s, sent_by_s)
            done += sent if window is None else min(sent, window)
            if window is None:
                break
        return done

    def _windows(
        self, way: AcknowledgedWay, at_s: float, round_trip_s: float
    ) -> Iterator[tuple[float, float | None]]:
        """When each window is sent, and its bytes. None: without limit, since the link is full.

        The link is full when a window takes a round trip or longer.
        """
        window = float(self.first_window_bytes)
        while True:
            if way.seconds_for(at_s, window) >= round_trip_s:
                yield at_s, None
                return
            yield at_s, window
            at_s += round_trip_s
            window *= 2.0
