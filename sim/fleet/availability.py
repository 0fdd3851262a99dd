"""When clients may work: availability traces with cached answers, for one client and for many."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from traces.availability import Availability

MARGIN_S = 2e-6
"""Twice the slack within which an availability trace counts an instant as after its change."""

_FEW = 24
"""Up to so many clients are looked up faster one by one than in arrays."""


@dataclass(slots=True)
class ClientAvailability:
    """One client's availability trace, asked in the order of simulated time.

    `make` builds the trace at the first question, so that a client who is never considered costs
    nothing. The latest answer is kept until the trace next changes.
    """

    make: Callable[[], Availability]
    available_until_s: float = field(default=-math.inf, init=False)
    """Until when the client is known to be available; -inf while it is not."""
    asked_at_s: float = field(default=-math.inf, init=False)
    """When the kept answer was looked up."""
    known_until_s: float = field(default=-math.inf, init=False)
    """Until when the kept answer holds."""
    _trace: Availability | None = field(default=None, init=False)

    def is_available(self, now_s: float) -> bool:
        if now_s >= self.known_until_s - MARGIN_S:
            self._look_up(now_s)
        return self.available_until_s > -math.inf

    def next_available_s(self, now_s: float) -> float:
        """The first instant from now on at which the client is available; inf if it never is."""
        return now_s if self.is_available(now_s) else self.known_until_s

    def next_absence_s(self, at_s: float) -> float:
        """The first instant from at_s on at which the client is not available; inf if there is
        none. at_s may lie in the future; the answer is not kept."""
        if self.asked_at_s <= at_s < self.available_until_s - MARGIN_S:
            return self.available_until_s
        trace = self._trace or self._make_trace()
        return trace.next_change(at_s) if trace.available_at(at_s) else at_s

    def available_s(self, from_s: float, to_s: float) -> float:
        """Seconds available between two instants, by the trace itself (the audit asks)."""
        if self._trace is None or self.available_until_s == math.inf:
            return to_s - from_s
        total_s, at_s = 0.0, from_s
        while at_s < to_s:
            next_s = max(self._trace.next_change(at_s), at_s + MARGIN_S)
            if self._trace.available_at(at_s):
                total_s += min(next_s, to_s) - at_s
            at_s = next_s
        return total_s

    def _look_up(self, now_s: float) -> None:
        trace = self._trace or self._make_trace()
        self.known_until_s = trace.next_change(now_s)
        self.asked_at_s = now_s
        self.available_until_s = self.known_until_s if trace.available_at(now_s) else -math.inf

    def _make_trace(self) -> Availability:
        self._trace = self.make()
        return self._trace


class AvailabilityTable:
    """Vectorised availability lookup; re-queries only clients whose kept answer has expired.

    `clients[i]` belongs to client_id i. Asked in the order of simulated time.
    """

    def __init__(self, clients: Sequence[ClientAvailability]) -> None:
        self.clients = clients
        self._is_available = np.zeros(len(clients), dtype=bool)
        self._known_until_s = np.full(len(clients), -np.inf)

    def available(
        self, now_s: float, ids: NDArray[np.int64], busy: Collection[int] = ()
    ) -> NDArray[np.int64]:
        """Those of the clients who are available now and not busy, in their order."""
        self._query(now_s, ids[self._has_expired(now_s, ids)])
        return ids[self._is_available[ids] & _idle(ids, busy)]

    def first_available(
        self, now_s: float, ids: NDArray[np.int64], n: int, busy: Collection[int] = ()
    ) -> list[int]:
        """The first n (at least 1) of them, or all if there are fewer.

        Clients behind the n-th are not queried: a first query builds a trace, and the last digits
        of an answer depend on when it was asked for.
        """
        if n <= _FEW:
            return list(islice(self._one_by_one(now_s, ids, busy), n))
        is_idle = _idle(ids, busy)
        has_expired = self._has_expired(now_s, ids)
        while True:
            n_at_best = ((self._is_available[ids] | has_expired) & is_idle).cumsum()
            end = int(n_at_best.searchsorted(n)) + 1  # nobody behind can be among the first n
            (to_query,) = has_expired[:end].nonzero()
            if not len(to_query):
                found: list[int] = ids[:end][(self._is_available[ids] & is_idle)[:end]].tolist()
                return found
            self._query(now_s, ids[to_query])
            has_expired[to_query] = False  # asked once, even if the answer ends within the margin

    def next_return_s(self, now_s: float, ids: NDArray[np.int64]) -> float:
        """When the next of the clients that are absent now returns; inf if none ever does."""
        absent = (self.clients[i] for i in ids.tolist() if not self.clients[i].is_available(now_s))
        return min((client.next_available_s(now_s) for client in absent), default=math.inf)

    def _one_by_one(
        self, now_s: float, ids: NDArray[np.int64], busy: Collection[int]
    ) -> Iterator[int]:
        for client_id in ids.tolist():
            if self.clients[client_id].is_available(now_s) and client_id not in busy:
                yield client_id

    def _has_expired(self, now_s: float, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        return self._known_until_s[ids] - MARGIN_S <= now_s

    def _query(self, now_s: float, ids: NDArray[np.int64]) -> None:
        for client_id in ids.tolist():
            client = self.clients[client_id]
            self._is_available[client_id] = client.is_available(now_s)
            self._known_until_s[client_id] = client.known_until_s


def _idle(ids: NDArray[np.int64], busy: Collection[int]) -> NDArray[np.bool_]:
    if not busy:
        return np.ones(len(ids), dtype=bool)
    return np.array([i not in busy for i in ids.tolist()], dtype=bool)
