"""The rows of clients of a study, with arm, seed and device; needs a log that has them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from sim.records import ClientRow, ComputeRow, TransferRow

from .load import Run, Study

EVERY_DEVICE = "every device"
"""The class of clients of runs whose manifest does not tell their devices."""


def client_rows(study: Study, columns: Sequence[str]) -> pl.DataFrame:
    """ClientRows of all runs: arm, seed, device, client and the wanted columns.

    Raises ValueError if no run's log has them.
    """
    wanted = [name for name in columns if name != "client"]
    tables = [
        _with_run(run, run.events.table(ClientRow, ["client", *wanted])) for run in study.runs
    ]
    rows = pl.concat(tables)
    if rows.is_empty():
        raise ValueError("needs rows of clients: log: clients or log: all in the scenario")
    return rows


def attempts(run: Run) -> pl.DataFrame:
    """Downloads, trainings and uploads of a run: client, stage (down, compute, up), start_s, t_s,
    bytes (null for training), status; in the order of their ends.

    Raises ValueError if the log has none.
    """
    moved = run.events.table(TransferRow).rename({"direction": "stage"})
    trained = run.events.table(ComputeRow).select(
        "client", "start_s", "t_s", "status", stage=pl.lit("compute"), bytes=pl.lit(None, pl.Int64)
    )
    columns = ["client", "stage", "start_s", "t_s", "bytes", "status"]
    rows = pl.concat([moved.select(columns), trained.select(columns)]).sort("t_s", "client")
    if rows.is_empty():
        raise ValueError("needs rows of transfers and training: log: all in the scenario")
    return rows


def _with_run(run: Run, rows: pl.DataFrame) -> pl.DataFrame:
    devices = run.manifest.get("device_of_client")
    names = pl.lit(EVERY_DEVICE)
    if devices:
        kinds = pl.Series(devices, dtype=pl.Categorical)
        rows = rows.with_columns(device=kinds.gather(rows["client"]).cast(pl.String))
    else:
        rows = rows.with_columns(device=names)
    return rows.select(pl.lit(run.arm).alias("arm"), pl.lit(run.seed).alias("seed"), "*")
