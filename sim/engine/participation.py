"""A client's part in a round as a SimPy process: download, compute, upload.

Three things interrupt it: the client's absence, the end of its round (a deadline, enough reports,
the end of a trial or run), and a dropout, which the process raises itself, since a SimPy process
cannot interrupt itself. Another stage or another behaviour is another generator
(docs/extend-a-client.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any, Literal

from simpy import Environment, Event, Interrupt

from learner.spec import AddOn
from sim.fleet.client import Client
from sim.fleet.shared_link import Flow
from traces.step import NeverFinishes

from .attempt_rows import attempt_row, dropout_row
from .client_job import COMPUTE, DOWN, STAGE_NAMES, UP, WAIT, ClientJob, Interval, Resource
from .timing import ABSENCE, end_of_time

Process = Generator[Event, Any, Any]

Participation = Callable[[ClientJob], Process]
"""What a client does in a round, as a generator of SimPy events."""

_ABSENT = "absent"
"""The cause of an interrupt that the client's own absence is."""


class ClientLost(Exception):  # noqa: N818  (an outcome, not an error)
    """The client is lost to its round: it went offline, or vanished by chance."""

    def __init__(self, reason: Literal["offline", "vanished"]) -> None:
        super().__init__(reason)
        self.reason = reason


def participate(job: ClientJob) -> Process:
    """A client's part in a round."""
    yield from download(job)
    yield from compute(job)
    yield from upload(job)


def download(job: ClientJob) -> Process:
    """Receive the trainable state; the first time, maybe the base model too."""
    yield from _work(job, DOWN, job.task.amounts[DOWN])
    job.client.has_model = True


def compute(job: ClientJob, work_s: float | None = None) -> Process:
    """Train for `work_s` seconds at full speed (None: as long as the task takes)."""
    yield from _work(job, COMPUTE, job.task.amounts[COMPUTE] if work_s is None else work_s)
    if job.task.cache == "fill" and isinstance(job.task.config, AddOn):
        job.client.cached_depth = job.task.config.depth


def upload(job: ClientJob) -> Process:
    """Send the update."""
    yield from _work(job, UP, job.task.amounts[UP])


def run_job(
    job: ClientJob, participation: Participation, report: Callable[[ClientJob], None]
) -> Process:
    """Process: a job from its start to its outcome, which is then reported.

    Interrupted by the end of its round, it stops without a report; what it has moved and computed
    stays on record. A base model that has arrived and a cache that is full stay with the client.
    """
    processes = job.client.processes
    processes.append(job.process)
    _watch_availability(job)
    try:
        yield from participation(job)
    except ClientLost as loss:
        job.outcome = "lost"
        if job.context.rows is not None:
            job.context.rows.add(dropout_row(job, loss.reason))
    except Interrupt:
        return
    else:
        job.outcome = "done"
    finally:
        processes.remove(job.process)
    report(job)


def _work(job: ClientJob, stage: int, amount: float) -> Process:
    """One stage: `amount` of work on its resource, in as many attempts as absences make of it.

    Paused work goes on where it was interrupted, restarted work begins anew. Raises ClientLost.
    """
    env, resource, left = job.context.env, job.task.resources[stage], amount
    while True:
        start_s, place, flow = env.now, stage, None
        try:
            if resource.server is not None and resource.can_finish(start_s, left):
                if resource.latency_s:
                    yield env.timeout(resource.latency_s)
                flow = resource.server.begin(resource.trace, resource.offset_s, left)
                yield flow.over
            elif (seconds := _seconds(resource, start_s, left)) < math.inf:
                yield env.timeout(seconds)
            elif _is_stalled(job, resource, stage):
                place = stage if job.client.availability.available_until_s == math.inf else WAIT
                yield from _wait_for_ever(env)
            else:
                yield env.event()  # an absence will end it
        except Interrupt as interrupt:
            moved = _moved(resource, place, flow, start_s, env.now)
            if interrupt.cause is not _ABSENT:
                _record(job, Interval(place, start_s, env.now, moved, "cut"))
                raise
        else:
            moved = left
        if moved == left:
            break
        _record(job, Interval(stage, start_s, env.now, moved, "away"))
        yield from _wait_for_return(job)
        left = amount if job.context.when_offline == "restart" else max(left - moved, 0.0)
    _record(job, Interval(stage, start_s, env.now, left, "done"))
    if stage == job.task.dropout_stage:
        raise ClientLost("vanished")
    job.stage = stage + 1


def _seconds(resource: Resource, start_s: float, amount: float) -> float:
    """How long the work takes without an absence; inf if it never ends."""
    try:
        return resource.time_for(start_s, amount)
    except NeverFinishes:
        return math.inf


def _moved(
    resource: Resource, place: int, flow: Flow | None, start_s: float, now_s: float
) -> float:
    """The amount that an interrupted attempt has moved."""
    if flow is not None:
        return flow.stop()
    if place == WAIT or resource.server is not None:  # still waiting for the first byte
        return 0.0
    return resource.done_by(start_s, now_s)


def _watch_availability(job: ClientJob) -> None:
    """Let the client's next absence interrupt its jobs."""
    client, env = job.client, job.context.env
    if client.is_watched or client.availability.available_until_s == math.inf:
        return
    absent_s = client.availability.next_absence_s(env.now)
    if absent_s < math.inf:
        client.is_watched = True
        env.process(_go_offline(env, client, absent_s))


def _go_offline(env: Environment, client: Client, at_s: float) -> Process:
    """Process: the client becomes unavailable at `at_s`, which interrupts its jobs."""
    yield end_of_time(env, at_s - env.now, ABSENCE)
    client.is_watched = False
    for process in client.processes:
        process.interrupt(_ABSENT)


def _wait_for_return(job: ClientJob) -> Process:
    """The client is absent. It returns, or is lost: at once by the rule `drop`, or because it never
    returns."""
    env = job.context.env
    start_s = env.now
    return_s = job.client.availability.next_available_s(start_s)
    if job.context.when_offline == "drop" or return_s == math.inf:
        raise ClientLost("offline")
    try:
        yield env.timeout(return_s - start_s)
    except Interrupt:
        job.intervals.append(Interval(WAIT, start_s, env.now, 0.0, "cut"))
        raise
    job.intervals.append(Interval(WAIT, start_s, env.now, 0.0, "away"))
    _watch_availability(job)


def _is_stalled(job: ClientJob, resource: Resource, stage: int) -> bool:
    """Whether work that never ends is also never interrupted by an absence that matters.

    An absence matters if the client is then lost, or has moved something. Otherwise the client
    would come and go for ever.
    """
    start_s = job.context.env.now
    absent_s = job.client.availability.next_absence_s(start_s)
    if absent_s < math.inf and (
        job.context.when_offline == "drop" or resource.done_by(start_s, absent_s) > 0.0
    ):
        return False
    job.context.stalled[job.client_id] = STAGE_NAMES[stage]
    return True


def _wait_for_ever(env: Environment) -> Process:
    """Wait for the end of the round; absences change nothing."""
    while True:
        try:
            yield env.event()
        except Interrupt as interrupt:
            if interrupt.cause is not _ABSENT:
                raise


def _record(job: ClientJob, interval: Interval) -> None:
    """Keep an interval of work; the log has a row for it where it is wanted."""
    job.intervals.append(interval)
    if job.context.rows is not None and interval.place != WAIT:
        job.context.rows.add(attempt_row(job, interval))
