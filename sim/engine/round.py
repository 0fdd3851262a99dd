"""Synchronous rounds: a cohort downloads, trains and uploads; the server aggregates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from simpy import Environment, Interrupt

from sim.records import RoundStatus
from sim.runlog import RunError
from sim.scenario.scenario import Rounds

from .accounting import Accountant
from .aggregation import Aggregator
from .branch import RunningBranch
from .client_job import ClientJob
from .cohort import CohortSelector
from .collector import RoundCollector, RoundRequest
from .dispatcher import Dispatcher
from .evaluator import Evaluator
from .lineage import Lineage
from .process import Process
from .timing import DEADLINE, EndsOfTime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRunner(ABC):
    """Runs a branch's aggregations. `aggregation_s`: seconds that the server takes for each."""

    env: Environment
    ends: EndsOfTime
    rules: Rounds
    aggregation_s: float
    selector: CohortSelector
    dispatcher: Dispatcher
    aggregator: Aggregator
    accountant: Accountant
    evaluator: Evaluator

    @abstractmethod
    def run(self, branch: RunningBranch, last: float) -> Process:
        """Process: aggregate until the lineage's round `last`, the target, or the branch's end.

        An interrupt ends it: work under way is charged and lost.
        """


class SynchronousRounds(RoundRunner):
    """One round after the other, each with a cohort of its own."""

    def run(self, branch: RunningBranch, last: float) -> Process:
        lineage, rules, n_failures = branch.lineage, self.rules, 0
        while lineage.round < last and not (branch.stuck or self.ends.is_reached(branch.end_s)):
            cohort = yield from self.selector.select_cohort(rules, branch.share, lineage)
            if cohort is None:
                return
            if not cohort:
                is_asked_in_vain = lineage.attempt >= rules.max_failures
                branch.stuck = (
                    "rounds.max_failures" if is_asked_in_vain else branch.why_nobody_comes
                )
                return
            status = yield from self._hold_of(branch, cohort)
            if status != "done":
                lineage.attempt += 1
            if status == "cut":
                return
            n_failures = n_failures + 1 if status == "failed" else 0
            if n_failures == rules.max_failures:
                branch.stuck = "rounds.max_failures"
            if status == "failed" and rules.on_failure == "retry":
                continue
            if status == "failed":
                lineage.end_round()
            if (yield from self.evaluator.mark_point(branch)):
                return

    def _hold_of(self, branch: RunningBranch, cohort: Sequence[int]) -> Process:
        """One round of the branch, after which its clients are free; returns how it ended."""
        request = RoundRequest(
            trial=branch.trial_no,
            branch=branch.name,
            attempt=branch.lineage.attempt,
            cohort=cohort,
            n_wanted=branch.share.n_participants,
            totals=branch.totals,
        )
        branch.is_in_round = True
        status = yield from self.hold(branch.lineage, request)
        branch.is_in_round = False
        if branch.share.reservations is not None:
            branch.share.reservations.release(cohort)
        return status

    def hold(self, lineage: Lineage, request: RoundRequest) -> Process:
        """Advance the lineage by one aggregation; returns how the round ended.

        It ends with the updates it wants, with the last client's report, or at its deadline;
        clients still at work are then interrupted, and what they have done is charged. If the round
        is interrupted (cut) or has too few reports (failed), the lineage stays as it was, and none
        of its updates is ever trained.
        """
        env, start_s, base = self.env, self.env.now, lineage.state
        jobs = self.dispatcher.jobs(lineage, request.attempt, request.cohort)
        collector = RoundCollector(env, n_asked=len(jobs), n_wanted=request.n_wanted)
        for job in jobs:
            self.dispatcher.start(job, collector.report)
        status: RoundStatus = "done"
        try:
            if self.rules.deadline_s is None:
                yield collector.closed
            else:
                yield collector.closed | self.ends.after(self.rules.deadline_s, DEADLINE)
            yield from interrupt_all(env, jobs)
            if self.aggregation_s:
                yield env.timeout(self.aggregation_s)
        except Interrupt:
            status = "cut"
            yield from interrupt_all(env, jobs)
        reports = collector.reports
        if status == "done" and len(reports) < self.rules.n_needed(request.n_wanted):
            status = "failed"
        updates = self.aggregator.aggregate(lineage, reports) if status == "done" else None
        _settle(jobs, status)
        accounts = self.accountant.close_round(lineage, request, jobs, start_s, base, status)
        if updates is not None:
            self.aggregator.note(lineage, reports, accounts, updates)
        return status


def interrupt_all(env: Environment, jobs: Sequence[ClientJob]) -> Process:
    """Interrupt the clients that are still at work, and wait until they have stopped (now)."""
    working = [job.process for job in jobs if job.process.is_alive]
    for process in working:
        process.interrupt("round over")
    if working:
        yield env.timeout(0.0)
        if stubborn := [process for process in working if process.is_alive]:
            raise RunError(
                f"{len(stubborn)} clients go on after the end of their round: a participation must "
                "let interrupts pass (docs/extend-a-client.md)"
            )


def _settle(jobs: Sequence[ClientJob], status: RoundStatus) -> None:
    """Every job ends with exactly one outcome."""
    for job in jobs:
        if job.outcome == "open":
            job.outcome = "cut" if status == "cut" else "late"
    if status != "done":
        for job in jobs:
            if job.outcome == "done":
                job.outcome = "cut"
