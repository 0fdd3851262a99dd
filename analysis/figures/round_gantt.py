"""Figure: one round as a Gantt chart of its clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.reading.clients import attempts
from analysis.reading.run import Run
from analysis.tables.text import time_unit
from sim.records import ClientRow

from .drawing.look import LOOK, Look
from .drawing.panels import legend_below
from .drawing.style import BASELINE, COLOURS, QUIET

_FACES = {"down": COLOURS[5], "compute": COLOURS[1], "up": COLOURS[0]}
_ROW_IN, _MARGIN_IN, _WIDTH_IN = 0.24, 1.6, 7.2
_MOST_CLIENTS = 60
_ROUNDING_S = 1e-6  # of a sum of seconds


def round_gantt_frame(run: Run) -> pl.DataFrame:
    """Return the transfers and trainings of an aggregated round of median length.

    Columns: client, device, stage, start_s, end_s (from the start of the round), status, round,
    length_s, is_async. Clients are in order of their finish. The last stage of a client that was
    lost has status lost. An aggregation without rounds (modes async and buffered) has the jobs that
    ended for it, from the start of the first. Raises ValueError if the log has no transfers or no
    round was aggregated.
    """
    rounds = run.rounds.filter(pl.col("status") == "done")
    if rounds.is_empty():
        raise ValueError("no round was aggregated")
    by_length = rounds.sort(pl.col("t_s") - pl.col("start_s"), maintain_order=True)
    chosen = by_length.row(len(by_length) // 2, named=True)
    mode = run.manifest["scenario"].get("rounds", {}).get("mode", "sync")
    own = attempts(run).filter(pl.col("client").is_in(chosen["clients"]))
    jobs = _jobs(run, chosen, is_async=mode != "sync")
    start_s = jobs["job_s"].min() if mode != "sync" else chosen["start_s"]
    devices = run.manifest.get("device_of_client") or ["device"] * run.n_clients
    in_job = (pl.col("start_s") >= pl.col("job_s")) & (pl.col("t_s") <= pl.col("until_s"))
    is_last = pl.col("start_s") == pl.col("start_s").max().over("client", "job_s")
    is_lost = is_last & (pl.col("outcome") == "lost") & (pl.col("status") == "done")
    shown = (
        own.join(jobs, on="client", maintain_order="left")
        .filter(in_job)
        .select(
            "client",
            device=pl.col("client").replace_strict(
                dict(enumerate(devices)), return_dtype=pl.String
            ),
            stage="stage",
            start_s=pl.col("start_s") - start_s,
            end_s=pl.col("t_s") - start_s,
            status=pl.when(is_lost).then(pl.lit("lost")).otherwise(pl.col("status")),
            round=pl.lit(chosen["round"]),
            length_s=pl.lit(chosen["t_s"] - start_s),
            is_async=pl.lit(mode != "sync"),
        )
    )
    finished_s = pl.col("end_s").max().over("client")
    return shown.sort(finished_s, "client", "start_s", maintain_order=True)


def _jobs(run: Run, chosen: Mapping[str, Any], *, is_async: bool) -> pl.DataFrame:
    """The jobs of a round: client, outcome, and the seconds between which its stages lie.

    Without rounds a client may have its next job before the aggregation.
    """
    idle_s = pl.col("idle_s") + pl.col("gone_s")
    columns = ["client", "outcome", "trial", "branch", "start_s", "t_s", "idle_s", "gone_s"]
    rows = run.events.table(ClientRow, columns).filter(
        pl.col("trial") == chosen["trial"],
        pl.col("branch") == chosen["branch"],
        pl.col("t_s") == chosen["t_s"],  # rows of one round have its instant
    )
    return rows.select(
        "client",
        pl.col("outcome").cast(pl.String),
        job_s="start_s",
        until_s=pl.col("t_s") - idle_s + _ROUNDING_S if is_async else "t_s",
    )


def round_gantt(frame: pl.DataFrame, *, title: str = "", look: Look = LOOK) -> Figure:
    """Draw one bar per stage, hatched if broken off; the dashed line is the end of the round.

    Raises ValueError for more than 60 clients.
    """
    clients = frame["client"].unique(maintain_order=True).to_list()
    if len(clients) > _MOST_CLIENTS:
        raise ValueError(f"shows at most {_MOST_CLIENTS} clients, the round has {len(clients)}")
    length_s = frame["length_s"][0]
    unit_s, unit = time_unit(length_s)
    with look.context(axes_grid_axis="x"):
        figure = look.figure(_WIDTH_IN, _ROW_IN * len(clients) + _MARGIN_IN)
        axes = figure.subplots()
        for row in frame.iter_rows(named=True):
            broken: Any = {"hatch": "////", "edgecolor": "white"} if row["status"] != "done" else {}
            axes.barh(
                clients.index(row["client"]),
                (row["end_s"] - row["start_s"]) / unit_s,
                0.72,
                row["start_s"] / unit_s,
                color=_FACES[row["stage"]],
                **broken,
            )
            if row["status"] == "lost":  # its bar may be too short to show that it is hatched
                word: Any = {"va": "center", "color": QUIET, "size": look.points(3.5)}
                axes.text(row["end_s"] / unit_s, clients.index(row["client"]), " lost", **word)
        axes.axvline(length_s / unit_s, color=BASELINE, ls="--", lw=look.mark(1.0))
        names = frame.unique("client", maintain_order=True)
        texts = [
            f"{device} · {client}" for client, device in names.select("client", "device").rows()
        ]
        axes.set_yticks(range(len(clients)), texts, size=look.points(3.5))
        axes.set_ylim(len(clients) - 0.4, -0.6)
        axes.set_xlim(0.0, None)
        is_async, number = frame["is_async"][0], frame["round"][0]
        start = "first job" if is_async else "round"
        axes.set_xlabel(f"time from the start of the {start}, {unit}")
        axes.set_ylabel("client")
        about = f"{'aggregation' if is_async else 'round'} {number}, one of median length"
        look.note(figure, f"{title} · {about}" if title else about)
        faces = [Patch(color=colour) for colour in _FACES.values()]
        faces.append(Patch(facecolor="#BBBBBB", edgecolor="white", hatch="////"))
        legend_below(figure, faces, [*_FACES, "broken off"], most=4)
    return figure
