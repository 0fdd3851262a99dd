"""From finished jobs to the lineage's next state, and what the server learns of its clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

from simpy import Environment

from learner.aggregation_rule import AggregationRule
from learner.plan import Shares, Tiers
from learner.spec import Learner, LocalJob, RoundUpdates, Update
from sim.cost.plan_costs import PlanCosts
from sim.scenario.scenario import Exchange
from sim.scenario.staleness import Staleness
from sim.scenario.task import Training
from sim.selection import Selection
from sim.streams import Streams

from .client_job import WAIT, ClientJob, job_seed
from .job_account import JobAccount
from .lineage import Lineage


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregator:
    """Names the next state; nothing is trained until the learner must evaluate it."""

    env: Environment
    learner: Learner
    streams: Streams
    training: Training
    exchange: Exchange
    rule: AggregationRule
    staleness: Staleness
    selection: Selection
    costs: PlanCosts

    def aggregate(self, lineage: Lineage, reports: Sequence[ClientJob]) -> RoundUpdates:
        """Advance the lineage by one aggregation of these jobs, in whatever order they came."""
        jobs = sorted(reports, key=attrgetter("client_id", "version", "repeat"))
        for job in jobs:
            job.staleness = lineage.round - job.version
        is_fresh = not any(job.staleness for job in jobs)
        is_mixed = isinstance(lineage.plan, Tiers | Shares)
        discounts = () if is_fresh else [self.staleness.factor(job.staleness) for job in jobs]
        updates = RoundUpdates(
            base=lineage.state,
            config=lineage.config,
            shards=[job.client.shard for job in jobs],
            n_batches=[job.n_batches for job in jobs],
            batch_size=self.training.batch_size,
            make=partial(self._update, jobs, discounts),
            bases=() if is_fresh else [job.base for job in jobs],
            discounts=discounts,
            parts=[job.part.config for job in jobs] if is_mixed else (),
        )
        state = self.learner.aggregate(lineage.state, updates, self.rule)
        lineage.advance(state, self.env.now)
        return updates

    def note(
        self,
        lineage: Lineage,
        reports: Sequence[ClientJob],
        accounts: Mapping[ClientJob, JobAccount],
        updates: RoundUpdates,
    ) -> None:
        """Tell the lineage's history whose updates were used, how long they took, and, where the
        selection policy reads them, their losses."""
        if not self.selection.needs_history:
            return
        ids = [job.client_id for job in reports]
        seconds = [sum(accounts[job].seconds[: WAIT + 1]) for job in reports]
        lineage.history.record_updates(lineage.round, ids, seconds)
        if self.selection.needs_feedback:
            told = self.learner.feedback(updates)
            own = [shard.client_id for shard in updates.shards]
            lineage.history.record_feedback(own, told, self.costs.n_samples())

    def _update(self, jobs: Sequence[ClientJob], discounts: Sequence[float], i: int) -> Update:
        training, job = self.training, jobs[i]
        client, factor = job.client, training.lr_schedule.factor(job.version)
        part = job.part
        local_job = LocalJob(
            shard=client.shard,
            config=part.config,
            whole=part.whole,
            runs=part.runs,
            n_batches=job.n_batches,
            batch_size=training.batch_size,
            optimizer=training.optimizer,
            lr=training.lr * factor,
            head_lr=training.head_lr * factor,
            seed=job_seed(self.streams, job.client_id, job.version, job.repeat),
            momentum=training.momentum,
            weight_decay=training.weight_decay,
            max_grad_norm=training.max_grad_norm,
            prox_mu=training.prox_mu,
            lr_decay=training.lr_schedule.decay_in_job,
            down_bits=self.exchange.down_bits,
            up_bits=self.exchange.up_bits,
        )
        return Update(
            job=local_job,
            base=job.base,
            weight=float(client.shard.n_samples),
            discount=discounts[i] if discounts else 1.0,
        )
