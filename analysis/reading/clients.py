"""The rows of clients of a study, with arm, seed and device; needs a log that has them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import polars as pl

from sim.records import ClientRow, ComputeRow, TransferRow

from .load import Run, Study

EVERY_DEVICE = "every device"
"""The class of clients of runs whose manifest does not tell their devices."""


@lru_cache(maxsize=8)
def client_table(run: Run) -> pl.DataFrame:
    """What figures and measures read of a run's ClientRows: client, outcome, cache and the seconds
    in each place; in one pass, kept for the next that asks."""
    seconds = ("wait_s", "down_s", "compute_s", "up_s", "idle_s", "gone_s")
    rows = run.events.table(ClientRow, ["client", "outcome", "cache", *seconds])
    return rows.rechunk()  # grouping what lies in pieces takes five times as long


def client_rows(study: Study, columns: Sequence[str]) -> pl.DataFrame:
    """ClientRows of all runs: arm, seed, device, client and the wanted columns of `client_table`.

    Raises ValueError if no run's log has them.
    """
    wanted = ["client", *columns]
    rows = pl.concat(_with_run(run, client_table(run).select(wanted)) for run in study.runs)
    if rows.is_empty():
        raise ValueError("needs rows of clients: log: clients or log: all in the scenario")
    return rows


def attempts(run: Run) -> pl.DataFrame:
    """Downloads, trainings and uploads of a run: client, stage (down, compute, up), start_s, t_s,
    bytes (null for training), status; in the order of their ends.

    Raises ValueError if the log has none.
    """
    stage = pl.col("direction").cast(pl.String)
    moved = run.events.table(TransferRow).with_columns(stage=stage)
    trained = run.events.table(ComputeRow).select(
        "client", "start_s", "t_s", "status", stage=pl.lit("compute"), bytes=pl.lit(None, pl.Int64)
    )
    columns = ["client", "stage", "start_s", "t_s", "bytes", "status"]
    rows = pl.concat([moved.select(columns), trained.select(columns)]).sort("t_s", "client")
    if rows.is_empty():
        raise ValueError("needs rows of transfers and training: log: all in the scenario")
    return rows


def _with_run(run: Run, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with their arm, seed and device; texts as categories, which take little room."""
    devices = run.manifest.get("device_of_client")
    device = pl.lit(EVERY_DEVICE)
    if devices:
        device = pl.lit(pl.Series(devices, dtype=pl.Categorical).gather(rows["client"]))
    return rows.with_columns(
        arm=pl.lit(run.arm, pl.Categorical),
        seed=pl.lit(run.seed),
        device=device.cast(pl.Categorical),
    )
