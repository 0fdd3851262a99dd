"""Figure: distribution of the time at which clients finish their round, by device class."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from analysis.reading.clients import client_rows
from analysis.reading.study import Study

from .drawing.look import LOOK, Look
from .drawing.panels import legend_below, panel_width_in, panels
from .drawing.scales import is_wide, scaling, value_ticks
from .drawing.style import BASELINE, COLOURS
from .drawing.time_axis import time_ticks

_DASHED: Any = (0, (4, 2))
_TICK_LETTERS = 7  # "10 min" and a space
_MOST_POINTS = 400  # per curve; more cannot be distinguished


def straggler_frame(study: Study) -> pl.DataFrame:
    """Return columns arm, device, finish_s: one row per client of a round, its job in mode async.

    finish_s: seconds from the start of the round, or of the job, to the end of the upload; null
    unless the update was used, since a job that was lost or cut off never ends. Raises ValueError
    if no update was used.
    """
    rows = client_rows(study, ["outcome", "wait_s", "down_s", "compute_s", "up_s"])
    finish_s = pl.col("wait_s") + pl.col("down_s") + pl.col("compute_s") + pl.col("up_s")
    is_used = pl.col("outcome") == "done"
    frame = rows.select("arm", "device", finish_s=pl.when(is_used).then(finish_s))
    if frame["finish_s"].null_count() == len(frame):
        raise ValueError("no update was used")
    return frame


def straggler_cdf(frame: pl.DataFrame, look: Look = LOOK) -> Figure:
    """Draw one panel per arm, one curve per device class, and all devices dashed.

    A curve is a share of all clients that were selected: it ends below 100 % where some of their
    updates were not used.
    """
    arms = frame["arm"].unique(maintain_order=True).to_list()
    devices = sorted(frame["device"].unique().to_list())
    shown = frame.filter(pl.col("finish_s") > 0)["finish_s"]
    spread = [float(shown.min() or 0.0), float(shown.max() or 0.0)]  # type: ignore[arg-type]
    scale, unit = scaling("s", spread)
    with look.context():
        dashed: Any = {"color": BASELINE, "ls": _DASHED, "lw": look.mark(1.2)}
        figure, row = panels(arms, f"time from the start of the round{unit}", look)
        for axes, arm in zip(row, arms, strict=True):
            own = frame.filter(pl.col("arm") == arm)
            for device, colour in zip(devices, COLOURS, strict=False):
                seconds = own.filter(pl.col("device") == device)["finish_s"]
                if len(seconds.drop_nulls()):
                    axes.plot(*_cdf(seconds, scale), color=colour)
            if len(own["finish_s"].drop_nulls()):
                axes.plot(*_cdf(own["finish_s"], scale), **dashed)
        row[0].set_ylim(0.0, 1.0)
        row[0].yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        row[0].set_ylabel("updates that have arrived")
        if is_wide(spread):
            row[0].set_xscale("log")
            row[0].set_xlim(spread[0] / 1.2, spread[1] * 1.2)
            room = look.letters(panel_width_in(figure, row[0])) // _TICK_LETTERS
            ticks = time_ticks(*row[0].get_xlim(), most_names=max(2, room))
            value_ticks(row[0].xaxis, list(ticks), list(ticks.values()))
        lines = [Line2D([], [], color=colour) for _, colour in zip(devices, COLOURS, strict=False)]
        lines.append(Line2D([], [], **dashed))
        legend_below(figure, lines, [*devices, "all devices"], most=4)
        look.note(figure, _note(frame))
    return figure


def _note(frame: pl.DataFrame) -> str:
    n_used = len(frame) - frame["finish_s"].null_count()
    if n_used == len(frame):
        return f"{n_used:,} updates, all used"
    return f"{n_used:,} used updates of {len(frame):,} selected clients: curves end at that share"


def _cdf(seconds: pl.Series, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of the distribution function, at most _MOST_POINTS; null counts as never."""
    known = seconds.drop_nulls()
    places = np.linspace(0.0, 1.0, min(len(known), _MOST_POINTS) + 1)
    return np.quantile(known.to_numpy(), places) / scale, places * len(known) / len(seconds)
