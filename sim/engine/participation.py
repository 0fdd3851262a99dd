"""A client's part in a round as a SimPy process: download, compute, upload.

Two things interrupt it: the client's absence, which its stages handle, and the end of its round (a
deadline, enough reports, the end of a trial or run), which ends the process. A dropout ends it too:
the process raises ClientLost itself, since a SimPy process cannot interrupt itself. Another stage
or another behaviour is another generator (docs/extend-a-client.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from simpy import Interrupt

from sim.runlog import RunError

from .absence import ABSENT, ClientLost, pass_time, watch_availability
from .client_job import COMPUTE, DOWN, UP, ClientJob
from .intervals import dropout_row
from .process import Process
from .stage import work

Participation = Callable[[ClientJob], Process]
"""What a client does in a round, as a generator of SimPy events."""


def participate(job: ClientJob) -> Process:
    """A client's part in a round."""
    yield from download(job)
    yield from compute(job)
    yield from upload(job)


def download(job: ClientJob) -> Process:
    """Receive the trainable state; the first time, maybe the base model too."""
    return work(job, DOWN, job.amounts[DOWN])


def compute(job: ClientJob, work_s: float | None = None) -> Process:
    """Train for `work_s` seconds at full speed (None: as long as the task takes)."""
    return work(job, COMPUTE, job.amounts[COMPUTE] if work_s is None else work_s)


def upload(job: ClientJob) -> Process:
    """Send the update."""
    return work(job, UP, job.amounts[UP])


def wait(job: ClientJob, seconds: float) -> Process:
    """Let seconds pass without work. An absence meanwhile changes nothing."""
    watch_availability(job)
    return pass_time(job, seconds)


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
        watch_availability(job)
    try:
        yield from participation(job)
    except ClientLost as loss:
        job.outcome = "lost"
        if job.context.rows is not None:
            job.context.rows.add(dropout_row(job, loss.reason))
    except Interrupt as interrupt:
        if interrupt.cause is ABSENT:
            raise _error(job, "an absence interrupted an event of its own") from None
        return
    else:
        job.outcome = "done"
        if job.stage <= UP or (participation is not participate and _has_gap(job)):
            raise _error(job, "it did not upload, or time passed in an event of its own")
    finally:
        processes.remove(job.process)
    report(job)


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
