"""One stage of a client's part in a round, in as many attempts as absences make of it.

An attempt waits for the one event that ends it: the link has moved the bytes, the device has done
the work. An interrupt ends it before. Amounts are bytes, or seconds of computing at full speed.
"""

from __future__ import annotations

import math

from simpy import Interrupt

from sim.fleet.link import OneWay
from sim.fleet.shared_link import Flow, SharedLink

from .absence import ABSENT, ClientLost, wait_for_return, watch_availability
from .client_job import COMPUTE, DOWN, STAGE_NAMES, WAIT, ClientJob
from .intervals import record
from .process import Process

_RELATIVE = 1e-12
"""Of a stage's amount: less than this left is nothing left."""


def work(job: ClientJob, stage: int, amount: float) -> Process:
    """A stage: `amount` of work on its resource.

    Paused work goes on where it was interrupted, restarted work begins anew. After so many attempts
    in vain that it will never be done, it waits for the end of the round. That ends the process.
    Raises ClientLost.
    """
    left, computed_s, n_in_vain = amount, job.computed_s, 0
    job.current = stage
    while True:
        if job.is_absent:
            yield from wait_for_return(job)
            if n_in_vain >= job.context.most_in_vain:
                yield from _give_up(job, stage)
        attempt = _Attempt(job, stage, left)
        try:
            yield from attempt.run()
        except Interrupt as interrupt:
            moved = attempt.stop()
            if interrupt.cause is not ABSENT:
                record(job, attempt.place, attempt.start_s, moved, "cut")
                raise
            job.is_absent = True
            if not 0.0 < left <= moved + _RELATIVE * amount:
                record(job, stage, attempt.start_s, moved, "away")
                before = left
                if job.context.when_offline == "restart":
                    amount = left = _begin_anew(job, stage, amount, computed_s)
                else:
                    left = max(left - moved, 0.0)
                n_in_vain = n_in_vain + 1 if left >= before else 0
                continue
        record(job, stage, attempt.start_s, left, "done")
        break
    if stage == job.dropout_stage:
        raise ClientLost("vanished")
    job.stage = stage + 1
    if stage == DOWN:
        job.client.has_model = True  # whatever becomes of the job


class _Attempt:
    """One attempt at what is `left` of a stage. `place`: what its time counts as, if the round ends
    it: the stage, or WAIT where the client comes and goes and its link or device never works."""

    __slots__ = ("flow", "job", "left", "place", "resource", "stage", "start_s")

    def __init__(self, job: ClientJob, stage: int, left: float) -> None:
        self.job, self.stage, self.left = job, stage, left
        self.resource, self.start_s, self.place = job.resources[stage], job.env.now, stage
        self.flow: Flow | None = None

    def run(self) -> Process:
        """Until all is done, or an interrupt."""
        job, resource, start_s = self.job, self.resource, self.start_s
        if resource.server is not None and resource.can_finish(start_s, self.left):
            yield from self._share(resource, resource.server)
        elif (seconds := resource.time_for(start_s, self.left)) < math.inf:
            if start_s + seconds > job.client.availability.available_until_s:
                watch_availability(job)
            yield job.env.timeout(seconds)
        elif self._may_be_interrupted():
            watch_availability(job)
            yield job.env.event()  # an absence will end it
        else:
            if job.client.availability.available_until_s < math.inf:
                self.place = WAIT
            yield from _wait_for_end_of_round(job, self.stage)

    def _share(self, link: OneWay, server: SharedLink) -> Process:
        """A transfer on the server's shared link, which says when it is over."""
        job, start_s = self.job, self.start_s
        watch_availability(job)
        if lead_s := link.lead_s(start_s):
            yield job.env.timeout(lead_s)
        begun_s = job.env.now
        self.flow = server.begin(link.trace, link.offset_s, self.left)
        yield self.flow.over
        if tail_s := link.tail_s(start_s, self.left, job.env.now - begun_s):
            yield job.env.timeout(tail_s)

    def _may_be_interrupted(self) -> bool:
        """Whether an absence ends work that never ends by itself: the client is then lost, or has
        moved something. Otherwise it would come and go for ever."""
        absent_s = self.job.client.availability.next_absence_s(self.start_s)
        is_dropped = self.job.context.when_offline == "drop"
        return absent_s < math.inf and (
            is_dropped or self.resource.done_by(self.start_s, absent_s) > 0.0
        )

    def stop(self) -> float:
        """Interrupted now; returns the amount that it has moved."""
        if self.flow is not None:
            return self.flow.stop()
        if self.place == WAIT or self.resource.server is not None:  # waits for the first byte
            return 0.0
        return self.resource.done_by(self.start_s, self.job.env.now)


def _begin_anew(job: ClientJob, stage: int, amount: float, computed_s: float) -> float:
    """The amount of a stage that an absence has undone. Activations that are stored by now need not
    be computed again. `computed_s`: as the job's was when the stage began."""
    if stage != COMPUTE:
        return amount
    job.computed_s = computed_s
    return amount if job.steps is None else amount * job.steps.reprice()


def _give_up(job: ClientJob, stage: int) -> Process:
    """Wait for the end of the round, after too many attempts in vain."""
    start_s = job.env.now
    try:
        yield from _wait_for_end_of_round(job, stage)
    finally:
        record(job, WAIT, start_s, 0.0, "cut")


def _wait_for_end_of_round(job: ClientJob, stage: int) -> Process:
    """The stage never finishes. Wait for the end of the round; absences change nothing."""
    stalled = job.context.stalled
    stalled[job.client_id] = STAGE_NAMES[stage]
    while True:
        try:
            yield job.env.event()
        except Interrupt as interrupt:
            if interrupt.cause is not ABSENT:
                del stalled[job.client_id]
                raise
