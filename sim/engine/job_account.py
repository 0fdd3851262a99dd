"""What one client job has cost: seconds by place, amounts by stage, and what was done twice."""

from __future__ import annotations

from operator import sub

from .client_job import GONE, IDLE, STAGES, UP, ClientJob


class JobAccount:
    """The account of a job that has ended, in a round that ends at `now_s`.

    seconds: (6,) by place, which sum to the time from the job's start to now_s. amounts: (4,) bytes
    down, full-speed seconds of computing, bytes up, lost ones included, and 0 for WAIT. repeated:
    the seconds and amounts (3,), (3,) that an absence made the client do again (None: none).
    """

    __slots__ = ("amounts", "is_wasteful", "repeated", "seconds")

    def __init__(self, job: ClientJob, now_s: float) -> None:
        self.repeated: tuple[list[float], list[float]] | None = None
        if len(job.intervals) == len(STAGES):
            places, starts_s, ends_s, amounts, _ = zip(*job.intervals, strict=True)
            if places == STAGES:  # no stage was interrupted: so are most jobs
                self.seconds = [*map(sub, ends_s, starts_s), 0.0, 0.0, 0.0]
                self.amounts = [*amounts, 0.0]
                self.seconds[IDLE if job.stage > UP else GONE] = now_s - ends_s[UP]
                self.is_wasteful = job.outcome != "done"
                return
        self._add_up(job, now_s)
        self.is_wasteful = job.outcome != "done" or self.repeated is not None

    def _add_up(self, job: ClientJob, now_s: float) -> None:
        self.seconds = seconds = [0.0] * 6
        self.amounts = amounts = [0.0] * 4
        end_s = job.start_s
        for place, start_s, end_s, amount, _ in job.intervals:
            seconds[place] += end_s - start_s
            amounts[place] += amount
        if job.context.when_offline == "restart":
            self._see_repeats(job)
        seconds[IDLE if job.stage > UP else GONE] += now_s - end_s

    def _see_repeats(self, job: ClientJob) -> None:
        for stage, start_s, end_s, amount, status in job.intervals:
            if status == "away":
                if self.repeated is None:
                    self.repeated = ([0.0] * 3, [0.0] * 3)
                self.repeated[0][stage] += end_s - start_s
                self.repeated[1][stage] += amount
