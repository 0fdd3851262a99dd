"""Selecting the cohort of a round: the policy chooses among the available clients, or waits."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from simpy import Environment, Event, Interrupt

from sim.cost.plan_costs import PlanCosts
from sim.fleet.availability import AvailabilityTable
from sim.scenario.scenario import Rounds
from sim.selection import Selection, SelectionContext
from sim.streams import Streams

from .allocation import Share
from .lineage import Lineage
from .process import Process


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortSelector:
    """Asks the selection policy, and waits for clients where too few are available."""

    env: Environment
    streams: Streams
    policy: Selection
    availability: AvailabilityTable
    costs: PlanCosts

    def select_cohort(self, rules: Rounds, share: Share, lineage: Lineage) -> Process:
        """The clients of the next round in id order, over-commitment included.

        Reserves them where branches share a pool. A policy that selects too few of those who are
        available is asked again, up to `max_failures` times. Returns an empty list if there will
        never be enough clients, None if interrupted while waiting.
        """
        n_asked = rules.n_selected(share.n_participants)
        n_needed = rules.n_needed(share.n_participants)
        reservations, n_redrawn = share.reservations, 0
        while True:
            busy = reservations.busy if reservations is not None else ()
            chosen = self.select(share, lineage, n_asked, busy)
            if chosen and len(chosen) >= n_needed:
                cohort = sorted(chosen)
                if reservations is not None:
                    reservations.reserve(cohort)
                self.record(lineage, chosen)
                return cohort
            if n_redrawn < rules.max_failures and self._has_enough(share, busy, n_needed):
                lineage.attempt, n_redrawn = lineage.attempt + 1, n_redrawn + 1
                continue
            waits = list(self.arrivals(share))
            if not waits:
                return []
            try:
                yield self.env.any_of(waits)
            except Interrupt:
                return None

    def select(self, share: Share, lineage: Lineage, n: int, busy: Collection[int]) -> list[int]:
        """At most n of the share's clients that are available and not busy, the preferred first."""
        now_s, table = self.env.now, self.availability
        context = SelectionContext(
            streams=self.streams,
            round=lineage.round,
            attempt=lineage.attempt,
            now_s=now_s,
            pool=share.pool,
            available_of=lambda ids: table.available(now_s, ids, busy),
            first_available_of=lambda ids, n: table.first_available(now_s, ids, n, busy),
            next_absence_s=lambda client_id: table.clients[client_id].next_absence_s(now_s),
            expected=partial(self.costs.expected_s, lineage.plan),
            samples=self.costs.n_samples,
        )
        return self.policy.choose(context, n, lineage.history)

    def record(self, lineage: Lineage, chosen: Sequence[int]) -> None:
        """Tell the lineage's history, where the policy reads it, that these clients are sent."""
        if chosen and self.policy.needs_history:
            lineage.history.record_selection(chosen)

    def _has_enough(self, share: Share, busy: Collection[int], n_needed: int) -> bool:
        """Whether enough clients are available, so that the policy has left some of them out."""
        return len(self.availability.available(self.env.now, share.pool, busy)) >= n_needed

    def arrivals(self, share: Share) -> Iterator[Event]:
        """Events that may bring more clients: a client's return, the end of another branch's
        round."""
        next_s = self.availability.next_return_s(self.env.now, share.pool)
        if next_s < math.inf:
            yield self.env.timeout(next_s - self.env.now)
        if share.reservations is not None and share.reservations.busy:
            yield share.reservations.released()
