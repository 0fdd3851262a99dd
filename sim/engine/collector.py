"""What a round asks for, and the collector of its clients' reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from simpy import Environment

from .client_job import ClientJob
from .totals import Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRequest:
    """Who takes part in a round, and for which branch of which trial.

    The round ends with the first `n_wanted` updates. `attempt` counts how often it has failed
    or been cut before. `totals` adds up what the branch's rounds cost.
    """

    trial: int
    branch: str
    attempt: int
    cohort: Sequence[int]
    n_wanted: int
    totals: Totals = field(default_factory=Totals)


class RoundCollector:
    """Counts reports; the event `closed` succeeds with the first `n_wanted` updates, or when every
    client has reported or is lost. `reports`: the jobs whose updates count, by time of finishing.
    """

    __slots__ = ("_n_missing", "_n_open", "closed", "reports")

    def __init__(self, env: Environment, *, n_asked: int, n_wanted: int) -> None:
        self._n_open, self._n_missing = n_asked, n_wanted
        self.closed = env.event()
        self.reports: list[ClientJob] = []

    def report(self, job: ClientJob) -> None:
        """A client is done or lost."""
        self._n_open -= 1
        if job.outcome == "done":
            if self._n_missing:
                self._n_missing -= 1
                self.reports.append(job)
            else:
                job.outcome = "late"
        if not (self._n_open and self._n_missing) and not self.closed.triggered:
            self.closed.succeed()
