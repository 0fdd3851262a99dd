"""Selects the clients that an asynchronous server sends next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from .branch import RunningBranch
from .cohort import CohortSelector
from .disturbances import Disturbances

Turn = tuple[int, int, float, float]
"""A client to be sent, its repeat with this version of the model, and what chance does to its job:
the compute-time factor and the dropout point (as in sim.engine.disturbances)."""


@dataclass(slots=True, kw_only=True)
class NextClients:
    """The policy's choice for the current version of the model, used up in order.

    A policy that keeps no history ranks as many clients at once as an aggregation needs
    (`n_buffered`); one that does is asked anew whenever a client is wanted.
    """

    branch: RunningBranch
    selector: CohortSelector
    disturbances: Disturbances
    n_buffered: int
    _version: int = -1
    _queue: list[Turn] = field(default_factory=list)
    _sent: Counter[int] = field(default_factory=Counter)  # with this version

    def take(self, n: int, at_work: Collection[int]) -> list[Turn]:
        """At most n clients that are available and free, the preferred first."""
        if self._version != self.branch.lineage.round:
            self._version, self._queue = self.branch.lineage.round, []
            self._sent.clear()
        taken = self._pop(n)
        if len(taken) < n:
            busy = {*at_work, *(client_id for client_id, *_ in taken)}
            self._queue = self._choose(n - len(taken), busy)
            taken += self._pop(n - len(taken))
        return taken

    def _choose(self, n: int, busy: set[int]) -> list[Turn]:
        share, lineage = self.branch.share, self.branch.lineage
        if share.reservations is not None:
            busy |= share.reservations.busy
        n_asked = n if self.selector.policy.needs_history else max(n, self.n_buffered)
        ids = self.selector.select(share, lineage, n_asked, busy)
        self.selector.record(lineage, ids)
        drawn = self.disturbances.draw(lineage.round, lineage.attempt, ids)
        lineage.attempt += 1  # another call with this version is drawn anew
        turns = [
            (client_id, self._sent[client_id], factor, point)
            for client_id, (factor, point) in zip(ids, drawn, strict=True)
        ]
        self._sent.update(ids)
        return turns[::-1]  # the preferred last, where a list gives up an element at no cost

    def _pop(self, n: int) -> list[Turn]:
        """The first n of the queue that are still available and free."""
        taken: list[Turn] = []
        if self._queue:
            reservations, now_s = self.branch.share.reservations, self.selector.env.now
            busy = reservations.busy if reservations is not None else ()
            while self._queue and len(taken) < n:
                turn = self._queue.pop()
                client = self.selector.availability.clients[turn[0]]
                if client.is_available(now_s) and turn[0] not in busy:
                    taken.append(turn)
        return taken
