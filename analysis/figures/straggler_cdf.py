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
from .drawing.panels import panel_width_in, panels
from .drawing.scales import is_wide, scaling, value_ticks
from .drawing.style import BASELINE, COLOURS
from .drawing.time_axis import time_ticks

_DASHED: Any = (0, (4, 2))
_TICK_LETTERS = 7  # "10 min" and a space
_MOST_POINTS = 400  # per curve; more cannot be distinguished


def straggler_frame(study: Study) -> pl.DataFrame:
    """Return columns arm, device, finish_s of all updates that arrived, in time or late.

    finish_s: seconds from the start of the round to the end of the upload. Raises ValueError
    without such updates.
    """
    rows = client_rows(study, ["outcome", "wait_s", "down_s", "compute_s", "up_s"])
    finish_s = pl.col("wait_s") + pl.col("down_s") + pl.col("compute_s") + pl.col("up_s")
    arrived = rows.filter(pl.col("outcome").is_in(["done", "late"]))
    frame = arrived.select("arm", "device", finish_s=finish_s)
    if frame.is_empty():
        raise ValueError("no update arrived")
    return frame


def straggler_cdf(frame: pl.DataFrame, look: Look = LOOK) -> Figure:
    """Draw one panel per arm, one curve per device class, and all devices dashed."""
    arms = frame["arm"].unique(maintain_order=True).to_list()
    devices = sorted(frame["device"].unique().to_list())
    shown = frame.filter(pl.col("finish_s") > 0)["finish_s"]
    spread = [float(shown.min() or 0.0), float(shown.max() or 0.0)]  # type: ignore[arg-type]
    scale, unit = scaling("s", spread)
    with look.context():
        figure, row = panels(arms, f"time from the start of the round{unit}", look)
        for axes, arm in zip(row, arms, strict=True):
            own = frame.filter(pl.col("arm") == arm)
            for device, colour in zip(devices, COLOURS, strict=False):
                seconds = own.filter(pl.col("device") == device)["finish_s"]
                if len(seconds):
                    axes.plot(*_cdf(seconds, scale), color=colour)
            axes.plot(*_cdf(own["finish_s"], scale), color=BASELINE, ls=_DASHED, lw=1.2)
        row[0].set_ylim(0.0, 1.0)
        row[0].yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        row[0].set_ylabel("updates that have arrived")
        if is_wide(spread):
            row[0].set_xscale("log")
            row[0].set_xlim(spread[0] / 1.2, spread[1] * 1.2)
            room = look.letters(panel_width_in(figure, row[0])) // _TICK_LETTERS
            ticks = time_ticks(*row[0].get_xlim(), most_names=max(2, room))
            value_ticks(row[0].xaxis, list(ticks), list(ticks.values()))
        lines = [Line2D([], [], color=c, label=d) for d, c in zip(devices, COLOURS, strict=False)]
        lines.append(Line2D([], [], color=BASELINE, ls=_DASHED, lw=1.2, label="all devices"))
        figure.legend(handles=lines, loc="outside lower center", ncols=4, frameon=False)
        look.note(figure, f"{len(frame):,} updates, used or late")
    return figure


def _cdf(seconds: pl.Series, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of the distribution function, at most _MOST_POINTS."""
    shares = np.linspace(0.0, 1.0, min(len(seconds), _MOST_POINTS) + 1)
    return np.quantile(seconds.to_numpy(), shares) / scale, shares
