"""Absences of a client while it works: they interrupt its jobs, which wait for its return.

Times in simulated seconds.
"""

from __future__ import annotations

import math
from typing import Literal

from simpy import Environment, Interrupt

from sim.fleet.client import Client

from .client_job import WAIT, ClientJob
from .intervals import record
from .process import Process

ABSENT = "absent"
"""The cause of an interrupt that the client's own absence is."""

_LAST_PLACE = 2e-15
"""Relative: an absence comes a few last places late, so that a stage that ends with it is done."""


class ClientLost(Exception):  # noqa: N818  (an outcome, not an error)
    """The client is lost to its round: it went offline, or vanished by chance."""

    def __init__(self, reason: Literal["offline", "vanished"]) -> None:
        super().__init__(reason)
        self.reason = reason


def watch_availability(job: ClientJob) -> None:
    """Let the client's next absence interrupt its jobs. A stage that ends before does not ask."""
    client, env = job.client, job.env
    if client.is_watched or client.availability.available_until_s == math.inf:
        return
    absent_s = client.availability.next_absence_s(env.now)
    if absent_s < math.inf:
        client.is_watched = True
        env.process(_go_offline(env, client, absent_s))


def _go_offline(env: Environment, client: Client, at_s: float) -> Process:
    """Process: the client becomes unavailable at `at_s`, which interrupts its jobs.

    A last place later, so that a stage that ends with the client's availability is done.
    """
    yield env.timeout(max(at_s * (1.0 + _LAST_PLACE) - env.now, 0.0))
    client.is_watched = False
    for process in client.processes:
        process.interrupt(ABSENT)


def wait_for_return(job: ClientJob) -> Process:
    """The client is absent. It returns, or is lost: at once by the rule `drop`, or because it never
    returns. Raises ClientLost."""
    return_s = job.client.availability.next_available_s(job.env.now)
    if job.context.when_offline == "drop" or return_s == math.inf:
        raise ClientLost("offline")
    job.is_absent = False
    yield from pass_time(job, return_s - job.env.now)
    watch_availability(job)


def pass_time(job: ClientJob, seconds: float) -> Process:
    """Let seconds pass without work. An absence meanwhile is noted, and changes nothing else."""
    end_s = job.env.now + seconds
    while job.env.now < end_s:
        start_s = job.env.now
        try:
            yield job.env.timeout(end_s - start_s)
        except Interrupt as interrupt:
            record(job, WAIT, start_s, 0.0, "cut")
            if interrupt.cause is not ABSENT:
                raise
            job.is_absent = True
        else:
            record(job, WAIT, start_s, 0.0, "done")
