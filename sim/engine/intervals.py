"""What a client's time went to: its intervals, and their rows in a `log: all`."""

from __future__ import annotations

from typing import Literal

from sim.records import AttemptStatus, ComputeRow, DropoutRow, TransferRow

from .client_job import COMPUTE, DOWN, STAGE_NAMES, WAIT, ClientJob, Interval


def record(
    job: ClientJob, place: int, start_s: float, amount: float, status: AttemptStatus
) -> None:
    """Keep an interval that ends now; the log has a row for a stage where it is wanted.

    Training stores activations step by step.
    """
    interval = (place, start_s, job.env.now, amount, status)
    job.intervals.append(interval)
    if place == COMPUTE and job.steps is not None:
        job.computed_s += amount
        job.steps.store(job.computed_s)
    rows = job.context.rows
    if rows is not None and place != WAIT:
        rows.add(_attempt_row(job, interval))


def _attempt_row(job: ClientJob, interval: Interval) -> TransferRow | ComputeRow:
    """An attempt that has ended."""
    place, start_s, end_s, amount, status = interval
    if place == COMPUTE:
        return ComputeRow(
            t_s=end_s,
            start_s=start_s,
            client=job.client_id,
            batches=job.n_batches,
            cache=job.cache,
            status=status,
        )
    return TransferRow(
        t_s=end_s,
        start_s=start_s,
        client=job.client_id,
        direction="down" if place == DOWN else "up",
        bytes=round(amount),
        status=status,
    )


def dropout_row(job: ClientJob, reason: Literal["offline", "vanished"]) -> DropoutRow:
    """A client that is lost to its round, in the stage that it did not finish."""
    return DropoutRow(
        t_s=job.env.now, client=job.client_id, stage=STAGE_NAMES[job.current], reason=reason
    )
