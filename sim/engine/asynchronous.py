"""Aggregation without rounds: clients are always at work, and the server aggregates whenever enough
updates have come in (FedAsync: one is enough; FedBuff: a buffer of them).
"""

from __future__ import annotations

from contextlib import suppress

from simpy import Event, Interrupt

from learner.spec import StateRef
from sim.records import RoundStatus

from .branch import RunningBranch
from .client_job import ClientJob
from .clients_at_work import ClientsAtWork
from .collector import RoundRequest
from .job_account import JobAccount
from .next_clients import NextClients
from .process import Process
from .round import RoundRunner, interrupt_all


class AsynchronousRounds(RoundRunner):
    """Every aggregation counts as a round; clients are at work across them."""

    def run(self, branch: RunningBranch, last: float) -> Process:
        """Keep the branch's participants at work until the lineage's `last` aggregation.

        Each client starts from the state of its own instant. When the window ends (an interrupt) or
        the branch does, jobs at work or in the buffer are cut: charged, and never trained.
        """
        jobs = ClientsAtWork(self.env, branch.share.reservations)
        request = RoundRequest(
            trial=branch.trial_no,
            branch=branch.name,
            attempt=0,
            cohort=(),
            n_wanted=self.rules.n_buffered,
            totals=branch.totals,
        )
        with suppress(Interrupt):
            yield from self._serve(branch, jobs, request, last)
        yield from self._cut(branch, jobs, request)

    def _serve(
        self, branch: RunningBranch, jobs: ClientsAtWork, request: RoundRequest, last: float
    ) -> Process:
        """Send clients, take what comes in, aggregate full buffers, until the branch ends."""
        lineage, n_lost = branch.lineage, 0
        next_clients = NextClients(
            branch=branch,
            selector=self.selector,
            disturbances=self.dispatcher.disturbances,
            n_buffered=self.rules.n_buffered,
        )
        while lineage.round < last and not (branch.stuck or self.ends.is_reached(branch.end_s)):
            self._send(branch, jobs, next_clients)
            if not jobs.has_arrivals:
                waits = self._waits(branch, jobs)
                if not waits:
                    branch.stuck = branch.why_nobody_comes
                    return
                yield waits[0] if len(waits) == 1 else self.env.any_of(waits)
            jobs.collect()
            while jobs.inbox and lineage.round < last:
                job = jobs.inbox.pop(0)
                jobs.ended.append(job)
                n_lost = n_lost + 1 if job.outcome == "lost" else 0
                if n_lost == self.rules.max_failures:
                    branch.stuck = "rounds.max_failures"
                if job.outcome == "done":
                    jobs.buffer.append(job)
                if len(jobs.buffer) == request.n_wanted:
                    if self.aggregation_s:
                        yield self.env.timeout(self.aggregation_s)
                    self._aggregate(branch, jobs, request)
                    if (yield from self.evaluator.mark_point(branch)):
                        return

    def _send(self, branch: RunningBranch, jobs: ClientsAtWork, next_clients: NextClients) -> None:
        """Give every free place to a client."""
        n_free = branch.share.n_participants - len(jobs.at_work)
        if not n_free:
            return
        for client_id, repeat, work_factor, dropout_at in sorted(
            next_clients.take(n_free, jobs.at_work)
        ):
            job = self.dispatcher.job(
                branch.lineage,
                client_id,
                repeat=repeat,
                work_factor=work_factor,
                dropout_at=dropout_at,
            )
            jobs.add(job)
            self.dispatcher.start(job, jobs.report)

    def _waits(self, branch: RunningBranch, jobs: ClientsAtWork) -> list[Event]:
        """What the server waits for: a report, or, for a free place, a client to become free."""
        waits: list[Event] = [jobs.arrival()] if jobs.at_work else []
        if len(jobs.at_work) < branch.share.n_participants:
            waits += self.selector.arrivals(branch.share)
        return waits

    def _aggregate(self, branch: RunningBranch, jobs: ClientsAtWork, request: RoundRequest) -> None:
        base, reports = branch.lineage.state, jobs.buffer
        updates = self.aggregator.aggregate(branch.lineage, reports)
        jobs.buffer = []
        accounts = self._close(branch, jobs, request, base, "done")
        self.aggregator.note(branch.lineage, reports, accounts, updates)

    def _cut(self, branch: RunningBranch, jobs: ClientsAtWork, request: RoundRequest) -> Process:
        """The branch's window is over: what is under way is interrupted and lost."""
        at_work = [jobs.at_work[client_id] for client_id in sorted(jobs.at_work)]
        yield from interrupt_all(self.env, at_work)
        at_work = [job for job in at_work if job.outcome == "open"]
        for job in at_work:
            job.outcome = "cut"
        if branch.share.reservations is not None:
            branch.share.reservations.release(list(jobs.at_work))
        jobs.collect()
        jobs.ended += [*jobs.inbox, *at_work]
        for job in jobs.ended:
            if job.outcome == "done":
                job.outcome = "cut"
        if jobs.ended:
            self._close(branch, jobs, request, branch.lineage.state, "cut")

    def _close(
        self,
        branch: RunningBranch,
        jobs: ClientsAtWork,
        request: RoundRequest,
        base: StateRef,
        status: RoundStatus,
    ) -> dict[ClientJob, JobAccount]:
        """Close the accounts of all jobs that have ended since the last aggregation."""
        ended, jobs.ended = jobs.ended, []
        accounts = self.accountant.close_round(
            branch.lineage, request, ended, jobs.since_s, base, status
        )
        jobs.since_s = self.env.now
        return accounts
