"""Figure: one round as a Gantt chart of its clients."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.reading.clients import attempts
from analysis.reading.run import Run
from analysis.tables.text import time_unit

from .drawing.look import LOOK, Look
from .drawing.style import BASELINE, COLOURS

_FACES = {"down": COLOURS[5], "compute": COLOURS[1], "up": COLOURS[0]}
_ROW_IN, _MARGIN_IN, _WIDTH_IN = 0.24, 1.6, 7.2
_MOST_CLIENTS = 60


def round_gantt_frame(run: Run) -> pl.DataFrame:
    """Return the transfers and trainings of an aggregated round of median length.

    Columns: client, device, stage, start_s, end_s (from the start of the round), status, round,
    length_s. Clients are in order of their finish. Raises ValueError if the log has no transfers
    or no round was aggregated.
    """
    rounds = run.rounds.filter(pl.col("status") == "done")
    if rounds.is_empty():
        raise ValueError("no round was aggregated")
    by_length = rounds.sort(pl.col("t_s") - pl.col("start_s"), maintain_order=True)
    chosen = by_length.row(len(by_length) // 2, named=True)
    devices = run.manifest.get("device_of_client") or ["device"] * run.n_clients
    own = attempts(run).filter(
        pl.col("client").is_in(chosen["clients"])
        & (pl.col("start_s") >= chosen["start_s"])
        & (pl.col("t_s") <= chosen["t_s"])
    )
    shown = own.select(
        "client",
        device=pl.col("client").replace_strict(dict(enumerate(devices)), return_dtype=pl.String),
        stage="stage",
        start_s=pl.col("start_s") - chosen["start_s"],
        end_s=pl.col("t_s") - chosen["start_s"],
        status="status",
        round=pl.lit(chosen["round"]),
        length_s=pl.lit(chosen["t_s"] - chosen["start_s"]),
    )
    finished_s = pl.col("end_s").max().over("client")
    return shown.sort(finished_s, "client", "start_s", maintain_order=True)


def round_gantt(frame: pl.DataFrame, *, title: str = "", look: Look = LOOK) -> Figure:
    """Draw one bar per stage, hatched if interrupted; the dashed line is the end of the round.

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
        axes.axvline(length_s / unit_s, color=BASELINE, ls="--", lw=1.0)
        names = frame.unique("client", maintain_order=True)
        texts = [
            f"{device} · {client}" for client, device in names.select("client", "device").rows()
        ]
        axes.set_yticks(range(len(clients)), texts, size=look.points(3.5))
        axes.set_ylim(len(clients) - 0.4, -0.6)
        axes.set_xlim(0.0, None)
        axes.set_xlabel(f"time from the start of the round, {unit}")
        axes.set_ylabel("client")
        about = f"round {frame['round'][0]}, one of median length"
        look.note(figure, f"{title} · {about}" if title else about)
        faces = [Patch(color=colour, label=stage) for stage, colour in _FACES.items()]
        faces.append(
            Patch(facecolor="#BBBBBB", edgecolor="white", hatch="////", label="broken off")
        )
        figure.legend(handles=faces, loc="outside lower center", ncols=4, frameon=False)
    return figure
