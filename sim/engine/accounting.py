"""The accounting of client jobs: every second, byte and joule in exactly one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from learner.plan import Shares, Tiers
from learner.spec import StateRef
from sim.cost.protocol import CostModel
from sim.records import ClientRow, RoundRow, RoundStatus
from sim.runlog import RunLog

from .audit import Audit
from .client_job import COMPUTE, DOWN, GONE, IDLE, UP, WAIT, ClientJob
from .collector import RoundRequest
from .dispatcher import Dispatcher
from .job_account import JobAccount
from .lineage import Lineage
from .totals import Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Accountant:
    """Closes the accounts of a round's jobs, and writes, audits and adds up its rows.

    `has_client_rows`: a row for each client is wanted. `has_idle_watts`: a device of the run draws
    them. `is_idle_charged`: a client that has finished stays idle until the round ends; without
    rounds it does not. `totals` are of all rounds.
    """

    cost: CostModel
    dispatcher: Dispatcher
    log: RunLog
    audit: Audit
    has_client_rows: bool
    has_idle_watts: bool
    is_idle_charged: bool
    on_round: Callable[[RoundRow], None]
    totals: Totals = field(default_factory=Totals)

    def close_round(
        self,
        lineage: Lineage,
        request: RoundRequest,
        jobs: Sequence[ClientJob],
        start_s: float,
        base: StateRef,
        status: RoundStatus,
    ) -> dict[ClientJob, JobAccount]:
        """Write the round's row, after its clients' rows; returns each job's account."""
        now_s = self.dispatcher.context.env.now
        accounts = {job: JobAccount(job, now_s) for job in jobs}
        row = self._round_row(now_s, lineage, request, accounts, start_s, base, status)
        if self.has_client_rows:
            told = (self._client_fields(row, job, own) for job, own in accounts.items())
            self.log.events.add_fields(ClientRow, told)
        payloads = [offer.payload for offer in self.dispatcher.offers(lineage.plan)]
        self.audit.see_round(row, accounts, payloads)
        self.totals.add(row)
        request.totals.add(row)
        self.log.events.add(row)
        self.on_round(row)
        return accounts

    def _round_row(
        self,
        now_s: float,
        lineage: Lineage,
        request: RoundRequest,
        accounts: dict[ClientJob, JobAccount],
        start_s: float,
        base: StateRef,
        status: RoundStatus,
    ) -> RoundRow:
        jobs, own = accounts.keys(), accounts.values()
        seconds = [sum(spent) for spent in zip(*(one.seconds for one in own), strict=True)]
        mixed = lineage.plan if isinstance(lineage.plan, Tiers | Shares) else None
        losses = [self._loss(*one) for one in accounts.items() if one[1].is_wasteful]
        return RoundRow(
            t_s=now_s,
            start_s=start_s,
            trial=request.trial,
            branch=request.branch,
            round=lineage.round,
            attempt=request.attempt,
            config=lineage.config,
            plan=mixed,
            parts=tuple([job.part_no for job in jobs]) if mixed else None,
            clients=tuple([job.client_id for job in jobs]),
            reports=tuple([job.client_id for job in jobs if job.outcome == "done"]),
            ages=_ages(jobs),
            base=base,
            state=lineage.state,
            down_bytes=sum([round(one.amounts[DOWN]) for one in own]),
            up_bytes=sum([round(one.amounts[UP]) for one in own]),
            wait_s=seconds[WAIT],
            down_s=seconds[DOWN],
            compute_s=seconds[COMPUTE],
            up_s=seconds[UP],
            idle_s=seconds[IDLE],
            gone_s=seconds[GONE],
            energy_j=sum([self._energy_j(job, one.seconds) for job, one in accounts.items()]),
            idle_j=sum([self._idle_j(job, one.seconds) for job, one in accounts.items()])
            if self.has_idle_watts
            else None,
            lost_s=sum(loss[0] for loss in losses),
            lost_bytes=sum(loss[1] for loss in losses),
            lost_j=sum(loss[2] for loss in losses),
            status=status,
        )

    def _client_fields(self, row: RoundRow, job: ClientJob, own: JobAccount) -> dict[str, Any]:
        """The fields of a job's ClientRow."""
        seconds, amounts, steps, client = own.seconds, own.amounts, job.steps, job.client
        n_texts = 0
        if client.cache is not None and job.cache != "none":
            n_texts = client.cache.n_read(job.n_batches, self.dispatcher.batch_size)
        lost_s, lost_bytes, lost_j = self._loss(job, own)
        return {
            "t_s": row.t_s,
            "start_s": job.start_s,
            "client": job.client_id,
            "trial": row.trial,
            "branch": row.branch,
            "round": row.round,
            "outcome": job.outcome,
            "staleness": job.staleness,
            "cache": job.cache,
            "texts": n_texts,
            "cached_texts": n_texts - steps.n_new if steps else n_texts,
            "wait_s": seconds[WAIT],
            "down_s": seconds[DOWN],
            "compute_s": seconds[COMPUTE],
            "up_s": seconds[UP],
            "idle_s": seconds[IDLE],
            "gone_s": seconds[GONE],
            "down_bytes": round(amounts[DOWN]),
            "up_bytes": round(amounts[UP]),
            "energy_j": self._energy_j(job, seconds),
            **({"idle_j": self._idle_j(job, seconds)} if self.has_idle_watts else {}),
            "lost_s": lost_s,
            "lost_bytes": lost_bytes,
            "lost_j": lost_j,
            "cache_bytes": client.cache.n_bytes if client.cache else 0,
        }

    def _loss(self, job: ClientJob, own: JobAccount) -> tuple[float, int, float]:
        """Seconds, bytes and joules that led to nothing: all of a job whose update was not used,
        otherwise what had to be done again."""
        if job.outcome != "done":
            seconds, amounts = own.seconds, own.amounts
        elif own.repeated is not None:
            seconds, amounts = own.repeated
        else:
            return 0.0, 0, 0.0
        lost_s = seconds[DOWN] + seconds[COMPUTE] + seconds[UP]
        lost_bytes = round(amounts[DOWN]) + round(amounts[UP])
        return lost_s, lost_bytes, self._energy_j(job, seconds)

    def _energy_j(self, job: ClientJob, seconds: Sequence[float]) -> float:
        profile = job.client.device.profile
        return self.cost.energy_j(profile, seconds[COMPUTE], seconds[DOWN] + seconds[UP])

    def _idle_j(self, job: ClientJob, seconds: Sequence[float]) -> float:
        """Joules of waiting to return, and of waiting for the round to end."""
        idle_s = seconds[IDLE] if self.is_idle_charged else 0.0
        return job.client.device.profile.idle_w * (seconds[WAIT] + idle_s)


def _ages(jobs: Sequence[ClientJob] | Any) -> tuple[int, ...]:
    """The staleness of each report; empty where none missed an aggregation."""
    own = tuple([job.staleness for job in jobs if job.outcome == "done"])
    return own if any(own) else ()
