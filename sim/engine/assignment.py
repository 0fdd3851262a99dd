"""Assignment: which part of a plan each client of a branch trains (learner.plan)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from learner.plan import Shares, Tiers, TuningPlan
from sim.cost.plan_costs import PlanCosts
from sim.streams import Streams

_PURPOSE, _ROUNDING = "part", "rounding of shares"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who trains what, as indices into the plan's parts. Tiers last for the whole run; shares are
    drawn in each round."""

    costs: PlanCosts
    streams: Streams

    def of_cohort(
        self, plan: TuningPlan, round_no: int, attempt: int, ids: Sequence[int]
    ) -> list[int]:
        """What each client of a cohort trains.

        By shares, the cohort is put into an order drawn for this round and attempt, and each part
        gets its share of it, rounded up or down by another draw: over the rounds, exactly its share
        (systematic sampling).
        """
        if isinstance(plan, Tiers):
            tiers: list[int] = self.costs.tiers(plan)[list(ids)].tolist()
            return tiers
        if isinstance(plan, Shares):
            draws = self.streams.uniform(_PURPOSE, round_no, attempt, ids=ids)
            places = np.argsort(np.argsort(draws, kind="stable"))
            start = self.streams.uniform(_ROUNDING, round_no, attempt, ids=[0])
            return _shared(plan, (places + start) / len(ids))
        return [0] * len(ids)

    def n_batches(self, plan: TuningPlan) -> Sequence[int]:
        """The training steps of each client's job, by client id."""
        return self.costs.n_batches(plan)

    def of_client(self, plan: TuningPlan, round_no: int, repeat: int, client_id: int) -> int:
        """What a client trains that is sent by itself; by shares it is drawn."""
        if isinstance(plan, Shares):
            draws = self.streams.uniform(_PURPOSE, round_no, repeat, ids=[client_id])
            return _shared(plan, draws)[0]
        return self.of_cohort(plan, round_no, repeat, [client_id])[0]


def _shared(plan: Shares, places: NDArray[np.float64]) -> list[int]:
    """The part of each place, which are from 0 to 1 in a cohort."""
    bounds = list(accumulate(plan.shares))[:-1]
    parts: list[int] = np.searchsorted(bounds, places, side="right").tolist()
    return parts
