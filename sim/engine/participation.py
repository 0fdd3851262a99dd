"""A client's part in a round as a SimPy process: download, compute, upload.

Two things interrupt it: the client's absence, which its stages handle, and the end of its round (a
deadline, enough reports, the end of a trial or run), which ends the process. A dropout ends it too:
the process raises ClientLost itself, since a SimPy process cannot interrupt itself. Another stage
or another behaviour is another generator (docs/extend-a-client.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any, Literal

from simpy import Environment, Event, Interrupt

from sim.fleet.client import Client
from sim.fleet.shared_link import Flow
from sim.records import AttemptStatus
from sim.runlog import RunError

from .attempt_rows import attempt_row, dropout_row
from .client_job import COMPUTE, DOWN, STAGE_NAMES, UP, WAIT, ClientJob, Resource

Process = Generator[Event, Any, Any]

Participation = Callable[[ClientJob], Process]
"""What a client does in a round, as a generator of SimPy events."""

_ABSENT = "absent"
"""The cause of an interrupt that the client's own absence is."""

_RELATIVE = 1e-12
"""Of a stage's amount: less than this left is nothing left."""

_LAST_PLACE = 2e-15
"""Relative: an absence comes a few last places late, so that a stage that ends with it is done."""


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
    return _work(job, DOWN, job.amounts[DOWN])


def compute(job: ClientJob, work_s: float | None = None) -> Process:
    """Train for `work_s` seconds at full speed (None: as long as the task takes)."""
    return _work(job, COMPUTE, job.amounts[COMPUTE] if work_s is None else work_s)


def upload(job: ClientJob) -> Process:
    """Send the update."""
    return _work(job, UP, job.amounts[UP])


def wait(job: ClientJob, seconds: float) -> Process:
    """Let seconds pass without work. An absence meanwhile changes nothing."""
    _watch_availability(job)
    return _pass_time(job, seconds)


def _pass_time(job: ClientJob, seconds: float) -> Process:
    end_s = job.env.now + seconds
    while job.env.now < end_s:
        start_s = job.env.now
        try:
            yield job.env.timeout(end_s - start_s)
        except Interrupt as interrupt:
            _record(job, WAIT, start_s, 0.0, "cut")
            if interrupt.cause is not _ABSENT:
                raise
            job.is_absent = True
        else:
            _record(job, WAIT, start_s, 0.0, "done")


def run_job(
    job: ClientJob, participation: Participation, report: Callable[[ClientJob], None]
) -> Process:
    """Process: a job from its start to its outcome, which is then reported.

    Interrupted by the end of its round, it stops without a report; what it has moved and computed
    stays on record. A base model that has arrived and activations that it has stored stay with the
    client.
    Raises RunError for a participation that does not do its part.
    """
    processes = job.client.processes
    processes.append(job.process)
    if participation is not participate:  # an absence in an event of its own is an error
        _watch_availability(job)
    try:
        yield from participation(job)
    except ClientLost as loss:
        job.outcome = "lost"
        if job.context.rows is not None:
            job.context.rows.add(dropout_row(job, loss.reason))
    except Interrupt as interrupt:
        if interrupt.cause is _ABSENT:
            raise _error(job, "an absence interrupted an event of its own") from None
        return
    else:
        job.outcome = "done"
        if job.stage <= UP or (participation is not participate and _has_gap(job)):
            raise _error(job, "it did not upload, or time passed in an event of its own")
    finally:
        processes.remove(job.process)
    report(job)


def _work(job: ClientJob, stage: int, amount: float) -> Process:
    """One stage: `amount` of work on its resource, in as many attempts as absences make of it.

    Paused work goes on where it was interrupted, restarted work begins anew. After so many attempts
    in vain that it will never be done, it waits for the end of the round. That ends the process.
    Raises ClientLost.
    """
    env, left, computed_s = job.context.env, amount, job.computed_s
    resource, job.current, n_in_vain = job.resources[stage], stage, 0
    while True:
        if job.is_absent:
            yield from _wait_for_return(job)
            if n_in_vain >= job.context.most_in_vain:
                yield from _give_up(job, stage)
        start_s, place, flow = env.now, stage, None
        try:
            if resource.server is not None and resource.can_finish(start_s, left):
                _watch_availability(job)
                if lead_s := resource.lead_s(start_s):
                    yield env.timeout(lead_s)
                begun_s = env.now
                flow = resource.server.begin(resource.trace, resource.offset_s, left)
                yield flow.over
                if tail_s := resource.tail_s(start_s, left, env.now - begun_s):
                    yield env.timeout(tail_s)
            elif (seconds := resource.time_for(start_s, left)) < math.inf:
                if start_s + seconds > job.client.availability.available_until_s:
                    _watch_availability(job)
                yield env.timeout(seconds)
            elif _may_be_interrupted(job, resource):
                _watch_availability(job)
                yield env.event()  # an absence will end it
            else:
                place = stage if job.client.availability.available_until_s == math.inf else WAIT
                yield from _wait_for_ever(job, stage)
        except Interrupt as interrupt:
            moved = _moved(resource, place, flow, start_s, env.now)
            if interrupt.cause is not _ABSENT:
                _record(job, place, start_s, moved, "cut")
                raise
            job.is_absent = True
            if not 0.0 < left <= moved + _RELATIVE * amount:
                _record(job, stage, start_s, moved, "away")
                before = left
                if job.context.when_offline == "restart":
                    amount = left = _begin_anew(job, stage, amount, computed_s)
                else:
                    left = max(left - moved, 0.0)
                n_in_vain = n_in_vain + 1 if left >= before else 0
                continue
        _record(job, stage, start_s, left, "done")
        break
    if stage == job.dropout_stage:
        raise ClientLost("vanished")
    job.stage = stage + 1
    if stage == DOWN:
        job.client.has_model = True  # whatever becomes of the job


def _begin_anew(job: ClientJob, stage: int, amount: float, computed_s: float) -> float:
    """The amount of a stage that an absence has undone. Activations that are stored by now need not
    be computed again. `computed_s`: as the job's was when the stage began."""
    if stage != COMPUTE:
        return amount
    job.computed_s = computed_s
    return amount if job.steps is None else amount * job.steps.reprice()


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
    """Let the client's next absence interrupt its jobs. A stage that ends before does not ask."""
    client, env = job.client, job.context.env
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
        process.interrupt(_ABSENT)


def _wait_for_return(job: ClientJob) -> Process:
    """The client is absent. It returns, or is lost: at once by the rule `drop`, or because it never
    returns."""
    env = job.context.env
    return_s = job.client.availability.next_available_s(env.now)
    if job.context.when_offline == "drop" or return_s == math.inf:
        raise ClientLost("offline")
    job.is_absent = False
    yield from _pass_time(job, return_s - env.now)
    _watch_availability(job)


def _may_be_interrupted(job: ClientJob, resource: Resource) -> bool:
    """Whether an absence ends work that never ends by itself: the client is then lost, or has moved
    something. Otherwise it would come and go for ever."""
    start_s = job.context.env.now
    absent_s = job.client.availability.next_absence_s(start_s)
    is_dropped = job.context.when_offline == "drop"
    return absent_s < math.inf and (is_dropped or resource.done_by(start_s, absent_s) > 0.0)


def _wait_for_ever(job: ClientJob, stage: int) -> Process:
    """Wait for the end of the round; absences change nothing."""
    job.context.stalled[job.client_id] = STAGE_NAMES[stage]
    while True:
        try:
            yield job.context.env.event()
        except Interrupt as interrupt:
            if interrupt.cause is not _ABSENT:
                del job.context.stalled[job.client_id]
                raise


def _give_up(job: ClientJob, stage: int) -> Process:
    """Wait for the end of the round, after too many attempts in vain."""
    start_s = job.env.now
    try:
        yield from _wait_for_ever(job, stage)
    finally:
        _record(job, WAIT, start_s, 0.0, "cut")


def _record(
    job: ClientJob, place: int, start_s: float, amount: float, status: AttemptStatus
) -> None:
    """Keep an interval that ends now; the log has a row for a stage where it is wanted.

    Training stores activations step by step.
    """
    context = job.context
    interval = (place, start_s, context.env.now, amount, status)
    job.intervals.append(interval)
    if place == COMPUTE and job.steps is not None:
        job.computed_s += amount
        job.steps.store(job.computed_s)
    if context.rows is not None and place != WAIT:
        context.rows.add(attempt_row(job, interval))


def _has_gap(job: ClientJob) -> bool:
    """Whether some of the job's time belongs to no stage."""
    spent_s = sum(end_s - start_s for _, start_s, end_s, _, _ in job.intervals)
    whole_s = job.env.now - job.start_s
    return not math.isclose(spent_s, whole_s, rel_tol=1e-9, abs_tol=1e-9 * (1.0 + job.env.now))


def _error(job: ClientJob, reason: str) -> RunError:
    return RunError(
        f"participation of client {job.client_id} at {job.env.now:g} s: {reason}; yield from "
        "download, compute, wait and upload, one after another (docs/extend-a-client.md)"
    )
