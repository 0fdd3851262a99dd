"""Reads rows of clients, transfers and training; the scenario's `log` decides which exist."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import polars as pl

from sim.records import ClientRow, ComputeRow, TransferRow

from .run import Run
from .study import Study

EVERY_DEVICE = "every device"
"""Device name for runs whose manifest does not list the devices of clients."""


@lru_cache(maxsize=8)
def client_table(run: Run) -> pl.DataFrame:
    """Return client, outcome, texts, cached texts and the seconds per stage of ClientRows.

    Cached, since several figures and measures read it.
    """
    seconds = ("wait_s", "down_s", "compute_s", "up_s", "idle_s", "gone_s")
    rows = run.events.table(ClientRow, ["client", "outcome", "texts", "cached_texts", *seconds])
    return rows.rechunk()  # grouping rows in many chunks takes five times as long


def client_rows(study: Study, columns: Sequence[str]) -> pl.DataFrame:
    """Return ClientRows of all runs: arm, seed, device, client and `columns` of `client_table`.

    Raises ValueError if no log has them.
    """
    wanted = ["client", *columns]
    rows = pl.concat(_with_run(run, client_table(run).select(wanted)) for run in study.runs)
    if rows.is_empty():
        raise ValueError("needs rows of clients: set log: clients or log: all in the scenario")
    return rows


def attempts(run: Run) -> pl.DataFrame:
    """Return the downloads, trainings and uploads of a run, by their end times.

    Columns: client, stage (down, compute, up), start_s, t_s, bytes (null for training), status.
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
        raise ValueError("needs rows of transfers and training: set log: all in the scenario")
    return rows


def _with_run(run: Run, rows: pl.DataFrame) -> pl.DataFrame:
    """Add arm, seed and device; text as categories, which take less memory."""
    devices = run.manifest.get("device_of_client")
    device = pl.lit(EVERY_DEVICE)
    if devices:
        device = pl.lit(pl.Series(devices, dtype=pl.Categorical).gather(rows["client"]))
    return rows.with_columns(
        arm=pl.lit(run.arm, pl.Categorical),
        seed=pl.lit(run.seed, pl.Int64),
        device=device.cast(pl.Categorical),
    )
