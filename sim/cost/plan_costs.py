"""What each client trains in a plan, and what a round of the plan is expected to cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from configurator.protocol import RoundCost
from learner.plan import Part, Shares, Tiers, TuningPlan, parts_of
from sim.fleet.client import Client
from sim.scenario.scenario import Exchange, Rounds

from .eligibility import Eligibility
from .estimate import (
    ExpectedJob,
    expected_job,
    expected_nth_s,
    sampled_ids,
    sampled_s,
)
from .protocol import CostModel


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCosts:
    """Results are computed once for each plan.

    `n_layers`: the model's. `rounds`: how many clients a round selects, and when it ends.
    """

    cost: CostModel
    exchange: Exchange
    clients: Sequence[Client]
    eligibility: Eligibility
    n_layers: int
    rounds: Rounds
    _jobs: dict[Part, ExpectedJob] = field(default_factory=dict)
    _sampled: dict[Part, NDArray[np.float64]] = field(default_factory=dict)
    _seconds: dict[TuningPlan, NDArray[np.float64]] = field(default_factory=dict)
    _tiers: dict[Tiers, NDArray[np.int64]] = field(default_factory=dict)
    _batches: dict[Tiers, list[int]] = field(default_factory=dict)
    _own: list[int] = field(default_factory=list)
    _samples: list[NDArray[np.int64]] = field(default_factory=list)

    def expected_s(self, plan: TuningPlan) -> NDArray[np.float64]:
        """Expected seconds of a job, by client id; inf for a client with a dead link.

        In a plan by shares, their mean over the parts.
        """
        if plan not in self._seconds:
            self._seconds[plan] = self._of_parts(plan, "seconds") + self._more_s(plan)
        return self._seconds[plan]

    def round_cost(self, plan: TuningPlan) -> RoundCost:
        """What a round of the plan is expected to cost, of the clients that can take part in it."""
        jobs = [self._job(part) for part in parts_of(plan)]
        able = self._able(plan)
        seconds, joules = self.expected_s(plan), self._more_joules(plan)
        everybody = np.arange(len(self.clients))
        joules += self._mean(plan, np.array([job.joules for job in jobs]), everybody)
        n_bytes = np.array([np.full(len(seconds), float(job.n_bytes)) for job in jobs])
        devices = np.array([client.device.profile.name for client in self.clients])[able]
        return RoundCost(
            seconds=float(seconds[able].mean()),
            cohort_s=self._round_s(seconds[able], len(able)),
            round_s=self._round_s(self._sampled_plan_s(plan, able), len(able)),
            shares=self._shares(plan, able),
            by_device={
                name: float(seconds[able][devices == name].mean())
                for name in dict.fromkeys(devices.tolist())
            },
            bytes=float(self._mean(plan, n_bytes, everybody)[able].mean()),
            joules=float(joules[able].mean()),
            excluded=1.0 - len(able) / len(self.clients),
        )

    def _able(self, plan: TuningPlan) -> NDArray[np.int64]:
        """The clients that have the memory for the plan and a link that carries something. All, if
        there are none: then the run says why nobody trains."""
        everybody = np.arange(len(self.clients))
        ids = self.eligibility.eligible(plan, everybody)
        able = ids[np.isfinite(self.expected_s(plan)[ids])]
        return able if len(able) else everybody

    def _round_s(self, seconds: NDArray[np.float64], n_able: int) -> float:
        """The expected length of a round, of these seconds of jobs: it ends with the last report
        that it wants, or at its deadline."""
        n_selected = self.rounds.n_selected(self.rounds.participants)
        n_selected = min(n_selected, n_able, len(seconds))
        n_wanted = min(self.rounds.participants, n_selected)
        deadline_s = np.inf if self.rounds.deadline_s is None else self.rounds.deadline_s
        return expected_nth_s(np.minimum(seconds, deadline_s), n_wanted, n_selected)

    def _sampled_plan_s(self, plan: TuningPlan, able: NDArray[np.int64]) -> NDArray[np.float64]:
        """Seconds of the jobs of sampled clients at random instants."""
        ids = sampled_ids(len(self.clients))
        sampled = np.array([self._sampled_s(part) for part in parts_of(plan)])
        seconds = self._mean(plan, sampled, ids) + self._more_s(plan)[ids, np.newaxis]
        kept = seconds[np.isin(ids, able)]
        return (kept if len(kept) else seconds).ravel()

    def tiers(self, plan: Tiers) -> NDArray[np.int64]:
        """The part that each client trains, as an index into the plan's parts, by client id."""
        if plan not in self._tiers:
            limit_s = np.inf if plan.limit_s is None else plan.limit_s
            chosen = np.full(len(self.clients), len(plan.parts) - 1)
            for i, part in reversed(list(enumerate(parts_of(plan)))):
                excluded = {one.device for one in self.eligibility.lacking(part.received)}
                fits = [one.device.profile.name not in excluded for one in self.clients]
                chosen[(self._job(part).seconds <= limit_s) & np.array(fits)] = i
            self._tiers[plan] = chosen
        return self._tiers[plan]

    def n_batches(self, plan: TuningPlan) -> Sequence[int]:
        """The training steps of each client's job in the plan, by client id."""
        if not isinstance(plan, Tiers) or plan.most_batches is None:
            return self._own_batches()
        if plan not in self._batches:
            self._batches[plan] = self._fitting(plan, plan.limit_s or 0.0, plan.most_batches)
        return self._batches[plan]

    def n_samples(self) -> NDArray[np.int64]:
        """Number of training examples, by client id."""
        if not self._samples:
            self._samples.append(np.array([client.shard.n_samples for client in self.clients]))
        return self._samples[0]

    def _own_batches(self) -> list[int]:
        if not self._own:
            self._own.extend(client.n_batches for client in self.clients)
        return self._own

    def _fitting(self, plan: Tiers, limit_s: float, most: int) -> list[int]:
        """As many batches as each client has the time for: at least its own, at most `most`."""
        own = np.array(self._own_batches())
        left_s, step_s = limit_s - self._of_parts(plan, "seconds"), self._of_parts(plan, "step_s")
        has_time = np.isfinite(left_s) & (left_s > 0.0) & (step_s > 0.0)
        n_more = np.floor(np.divide(left_s, step_s, out=np.zeros(len(own)), where=has_time))
        fitting: list[int] = (
            (own + np.minimum(n_more, np.maximum(most - own, 0))).astype(int).tolist()
        )
        return fitting

    def _more_s(self, plan: TuningPlan) -> NDArray[np.float64]:
        """(clients,) Seconds of the batches that a plan adds to the clients' own."""
        if not isinstance(plan, Tiers) or plan.most_batches is None:
            return np.zeros(len(self.clients))
        n_more = np.subtract(self.n_batches(plan), self._own_batches())
        more_s: NDArray[np.float64] = n_more * self._of_parts(plan, "step_s")
        return more_s

    def _more_joules(self, plan: TuningPlan) -> NDArray[np.float64]:
        profiles = [client.device.profile for client in self.clients]
        pairs = zip(profiles, self._more_s(plan).tolist(), strict=True)
        return np.array([self.cost.energy_j(one, more_s, 0.0) for one, more_s in pairs])

    def _of_parts(
        self, plan: TuningPlan, name: Literal["seconds", "step_s"]
    ) -> NDArray[np.float64]:
        """(clients,) Of the job that each client has in the plan, at its own number of batches."""
        own = np.array([getattr(self._job(part), name) for part in parts_of(plan)])
        return self._mean(plan, own, np.arange(len(self.clients)))

    def _job(self, part: Part) -> ExpectedJob:
        if part not in self._jobs:
            self._jobs[part] = expected_job(
                self.cost, self.exchange, self.clients, part, self.n_layers
            )
        return self._jobs[part]

    def _sampled_s(self, part: Part) -> NDArray[np.float64]:
        if part not in self._sampled:
            self._sampled[part] = sampled_s(self.clients, self._job(part))
        return self._sampled[part]

    def _mean(
        self, plan: TuningPlan, values: NDArray[np.float64], ids: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """(parts, clients, ...) to (clients, ...), for the clients `ids`: each one's value for what
        it trains in the plan; in a plan by shares, their mean over the parts."""
        own: NDArray[np.float64] = values[0]
        if isinstance(plan, Tiers):
            own = values[self.tiers(plan)[ids], np.arange(len(ids))]
        if isinstance(plan, Shares):
            own = np.average(values, axis=0, weights=plan.shares)
        return own

    def _shares(self, plan: TuningPlan, able: NDArray[np.int64]) -> tuple[float, ...]:
        """The share of these clients that trains each part of the plan."""
        if isinstance(plan, Tiers):
            numbers = np.bincount(self.tiers(plan)[able], minlength=len(plan.parts))
            return tuple((numbers / len(able)).tolist())
        return plan.shares if isinstance(plan, Shares) else (1.0,)
