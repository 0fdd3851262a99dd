"""Who is called up for a round, and who has answered: a counting barrier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from simpy import Environment

from .client_job import Bill
from .totals import Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who is called up for a round, and for whose sake.

    The round ends with the first `n_wanted` updates; `attempt` counts how often it failed before.
    `totals` takes what the round costs.
    """

    trial: int
    branch: str
    attempt: int
    cohort: Sequence[int]
    n_wanted: int
    totals: Totals = field(default_factory=Totals)


class Roll:
    """One counter in place of a condition over all of a round's jobs.

    Closes, by the event `closed`, with the first `n_wanted` updates or the last answer.

    `reports` are the bills whose updates count, in the order of finishing.
    """

    __slots__ = ("_n_open", "_n_wanted", "closed", "reports")

    def __init__(self, env: Environment, *, n_asked: int, n_wanted: int) -> None:
        self._n_open, self._n_wanted = n_asked, n_wanted
        self.closed = env.event()
        self.reports: list[Bill] = []

    def answer(self, bill: Bill) -> None:
        """A client has finished, or never will."""
        self._n_open -= 1
        if bill.outcome == "done":
            if len(self.reports) < self._n_wanted:
                self.reports.append(bill)
            else:
                bill.outcome = "late"
        if self._n_open == 0 or len(self.reports) == self._n_wanted:
            self.close()

    def close(self) -> None:
        """Wait no longer; no effect on a closed roll."""
        if not self.closed.triggered:
            self.closed.succeed()
