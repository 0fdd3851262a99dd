"""Laws of the simulated world, checked for every round of every run.

A violation is a mistake of the simulator, not of the scenario: it stops the run and names the
round.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from sim.fleet.link import ServerLink
from sim.fleet.shared_link import SharedLink
from sim.records import RoundRow
from sim.runlog import RunError

from .client_job import DOWN, UP, WAIT, ClientJob
from .job_account import JobAccount

_RELATIVE = 1e-9

Accounts = Mapping[ClientJob, JobAccount]

Payloads = Sequence[tuple[int, ...]]
"""Bytes down and up of each part of a plan."""

Where = Callable[[], str]
"""Describes the round in question; called only when a law is broken."""


class AuditError(RunError):
    """The run broke a law of its own world."""


@dataclass(slots=True)
class Audit:
    """Running checks of one run; the sums it keeps are its own, apart from the rows' totals."""

    server_link: ServerLink
    _at_s: float = 0.0
    _n_bytes: int = 0
    _n_moved: Counter[str] = field(default_factory=Counter)
    _energy_j: float = 0.0
    _idle_j: float = 0.0
    _n_dispatched: int = 0
    _n_ended: Counter[str] = field(default_factory=Counter)

    def see_round(self, row: RoundRow, accounts: Accounts, payloads: Payloads) -> None:
        """Check a round against its jobs' accounts. payloads: of each part of the plan."""
        where = partial(_place_of, row)
        self._n_dispatched += len(accounts)
        spent_s = row.wait_s + row.down_s + row.compute_s + row.up_s + row.idle_s + row.gone_s
        whole_s = row.t_s * len(accounts) - sum([job.start_s for job in accounts])
        if not _same(spent_s, whole_s, row.t_s):
            raise AuditError(f"{where()}: {spent_s} s of {whole_s} accounted for")
        _require(row.start_s <= row.t_s and self._at_s <= row.t_s, where, "the clock ran backwards")
        self._at_s = row.t_s
        self._n_ended.update([job.outcome for job in accounts])
        self._n_bytes += row.down_bytes + row.up_bytes
        self._n_moved["down"] += row.down_bytes
        self._n_moved["up"] += row.up_bytes
        down_bytes, up_bytes, *_ = payloads[0]
        is_plain = (row.down_bytes, row.up_bytes) == (
            len(accounts) * down_bytes,
            len(accounts) * up_bytes,
        )
        if not (is_plain and len(payloads) == 1 and len(row.reports) == len(accounts)):
            _check_bytes(row, accounts, payloads, where)
        for job in list(accounts)[:1]:  # a sample of those who simply finished
            _check_stages(job, accounts[job], where)
        for job, account in accounts.items():
            availability = job.client.availability
            if availability.available_until_s < row.t_s or availability.asked_at_s > job.start_s:
                _check_availability(job, account, row, where)
        self._energy_j += row.energy_j
        self._idle_j += row.idle_j or 0.0

    def see_end(self, n_bytes: int, energy_j: float, idle_j: float | None = None) -> None:
        """Check the run's totals and what its links carried."""
        where = partial("the end at {!r} s".format, self._at_s)
        _require(n_bytes == self._n_bytes, where, f"{n_bytes} bytes, not {self._n_bytes}")
        is_same = math.isclose(energy_j, self._energy_j, rel_tol=_RELATIVE)
        _require(is_same, where, f"{energy_j} J, not {self._energy_j}")
        is_same = math.isclose(idle_j or 0.0, self._idle_j, rel_tol=_RELATIVE)
        _require(is_same, where, f"{idle_j} J of waiting and idle clients, not {self._idle_j}")
        ended = {name: n for name, n in sorted(self._n_ended.items()) if name != "open"}
        n_ended = sum(ended.values())
        text = f"{self._n_dispatched} jobs started, {n_ended} ended: {ended}"
        _require(n_ended == self._n_dispatched, where, text)
        for name, link in (("down", self.server_link.down), ("up", self.server_link.up)):
            if link is not None:
                _check_capacity(link, where, name)
                _check_carried(link, self._n_moved[name], self._n_dispatched, where, name)


def _check_bytes(row: RoundRow, accounts: Accounts, payloads: Payloads, where: Where) -> None:
    """However a job ended, it moved what it was asked for up to there; the round's bytes are its
    clients'."""
    for job, account in accounts.items():
        if job.outcome != "done" or account.repeated is not None:
            _check_stages(job, account, where)
        else:
            moved = (round(account.amounts[DOWN]), round(account.amounts[UP]))
            down_bytes, up_bytes, *_ = payloads[job.part_no]
            is_whole = moved[0] >= down_bytes and moved[1] == up_bytes
            text = f"client {job.client_id} moved {moved}, not {(down_bytes, up_bytes)} bytes"
            _require(is_whole, where, text)
    n_bytes = sum(round(own.amounts[DOWN]) + round(own.amounts[UP]) for own in accounts.values())
    text = f"the row says {row.down_bytes + row.up_bytes} bytes, the clients moved {n_bytes}"
    _require(n_bytes == row.down_bytes + row.up_bytes, where, text)


def _check_stages(job: ClientJob, account: JobAccount, where: Where) -> None:
    """Both transfers moved what they should, in attempts that its links carried."""
    for stage in (DOWN, UP):
        _check_stage(job, account, stage, where)


def _check_stage(job: ClientJob, account: JobAccount, stage: int, where: Where) -> None:
    """All of a finished transfer, a part of one that was interrupted, nothing of one not begun."""
    asked, link = job.amounts[stage], job.resources[stage]
    useful = account.amounts[stage] - (account.repeated[1][stage] if account.repeated else 0.0)
    slack = _RELATIVE * (1.0 + asked + account.amounts[stage])
    least = asked if stage < job.stage else 0.0
    most = asked if stage <= job.stage else 0.0
    text = f"client {job.client_id} moved {useful} of {asked} bytes, finished {job.stage} stages"
    _require(least - slack <= useful <= most + slack, where, text)
    for place, start_s, end_s, amount, _ in job.intervals:
        if place == stage and link.server is None:
            carried = link.done_by(start_s, end_s)
            text = f"client {job.client_id} moved {amount} bytes, its link {carried}"
            is_same = math.isclose(carried, amount, rel_tol=1e-6, abs_tol=1.0)
            _require(is_same, where, text)


def _check_availability(job: ClientJob, account: JobAccount, row: RoundRow, where: Where) -> None:
    """Nobody works longer than its availability trace has it available."""
    worked_s = sum(account.seconds[: UP + 1])
    available_s = job.client.availability.available_s(job.start_s, row.t_s)
    slack_s = _RELATIVE * (1.0 + row.t_s) + 1e-5 * (1 + (account.seconds[WAIT] > 0))
    text = f"client {job.client_id} worked {worked_s} s in {available_s} s of availability"
    _require(worked_s <= available_s + slack_s, where, text)


def _check_capacity(link: SharedLink, where: Where, name: str) -> None:
    limit = link.capacity_bytes_per_s * (1.0 + _RELATIVE)
    text = f"the server's {name} link carried {link.peak_bytes_per_s} bytes/s"
    _require(link.peak_bytes_per_s <= limit, where, text)


def _check_carried(link: SharedLink, n_bytes: int, n_jobs: int, where: Where, name: str) -> None:
    """Every byte that crossed the server's link is in a client's account, rounded there once."""
    limit = n_bytes * (1.0 + _RELATIVE) + n_jobs
    text = f"the server's {name} link carried {link.carried_bytes} bytes, clients moved {n_bytes}"
    _require(link.carried_bytes <= limit, where, text)


def _same(own: float, other: float, scale: float) -> bool:
    return math.isclose(own, other, rel_tol=_RELATIVE, abs_tol=_RELATIVE * (1.0 + scale))


def _place_of(row: RoundRow) -> str:
    return f"round {row.round} of branch {row.branch!r} in trial {row.trial} at {row.t_s!r} s"


def _require(holds: bool, where: Where, what: str) -> None:
    if not holds:
        raise AuditError(f"{where()}: {what}")
