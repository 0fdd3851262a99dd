"""Rows of `log: all`: every attempt at a stage, and every client lost to its round."""

from __future__ import annotations

from typing import Literal

from sim.records import ComputeRow, DropoutRow, TransferRow

from .client_job import COMPUTE, DOWN, STAGE_NAMES, ClientJob, Interval


def attempt_row(job: ClientJob, interval: Interval) -> TransferRow | ComputeRow:
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
