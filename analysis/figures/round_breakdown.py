"""Figure: mean time of a client's round by stage and device class."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.figure import Figure

from analysis.reading.clients import client_rows
from analysis.reading.study import Study
from analysis.tables.text import time_unit

from .drawing.look import LOOK, Look
from .drawing.panels import legend_below, panels
from .drawing.scales import value_ticks
from .drawing.style import COLOURS, QUIET

_FAR = 5.0
"""A bar that is shorter than the longest by this ratio shows no stages."""

STAGES = ("wait", "down", "compute", "up", "idle", "gone")
_FACES = {
    "wait": "#999999",
    "down": COLOURS[5],
    "compute": COLOURS[1],
    "up": COLOURS[0],
    "idle": "#E6E6E6",
    "gone": "#222222",
}


def round_breakdown_frame(study: Study) -> pl.DataFrame:
    """Return columns arm, device, n_rounds and the mean seconds of a client's round by stage.

    wait_s: unavailable, to return; idle_s: finished before the round ended; gone_s: after dropping
    out. Raises ValueError if no log has rows of clients.
    """
    columns = [f"{stage}_s" for stage in STAGES]
    rows = client_rows(study, columns)
    means = rows.group_by("arm", "device").agg(pl.mean(*columns), n_rounds=pl.len())
    means = means.with_columns(pl.col("arm", "device").cast(pl.String))
    order = pl.DataFrame({"arm": study.arms}).with_row_index("place")
    ordered = means.join(order, on="arm").sort("place", "device")
    return ordered.select("arm", "device", *columns, "n_rounds")


def round_breakdown(frame: pl.DataFrame, look: Look = LOOK) -> Figure:
    """Draw one panel per arm, one bar per device class, with the stages in the order of a round.

    A device class without a round, such as one without the memory, has words instead of a bar.
    Panels have axes of their own where the longest round of an arm is _FAR times another's.
    """
    arms = frame["arm"].unique(maintain_order=True).to_list()
    devices = sorted(frame["device"].unique().to_list())
    length_s = pl.sum_horizontal(f"{stage}_s" for stage in STAGES)
    longest_s = frame.group_by("arm").agg(length_s.max().alias("s"))["s"].to_list()
    unit_s, unit = time_unit(max(longest_s))
    is_far = max(longest_s) > _FAR * min(longest_s)
    with look.context(axes_grid_axis="x"):
        figure, row = panels(
            arms, f"a client's round, {unit}", look, beside=devices, share_x=not is_far
        )
        for axes, arm in zip(row, arms, strict=True):
            own = frame.filter(pl.col("arm") == arm)
            places = [devices.index(device) for device in own["device"]]
            left = [0.0] * len(own)
            for stage in STAGES:
                lengths = [seconds / unit_s for seconds in own[f"{stage}_s"]]
                axes.barh(places, lengths, 0.62, left, color=_FACES[stage], label=stage)
                left = [a + b for a, b in zip(left, lengths, strict=True)]
            for place in set(range(len(devices))) - set(places):
                word: Any = {"va": "center", "color": QUIET, "size": look.points(2)}
                axes.text(0.0, place, " took no part", **word)
            value_ticks(axes.yaxis, range(len(devices)), devices)
        row[0].set_ylim(len(devices) - 0.5, -0.5)
        handles, labels = row[0].get_legend_handles_labels()
        legend_below(figure, handles, labels, most=6)
        differ = " · panels have different scales" if is_far else ""
        look.note(figure, f"means over {frame['n_rounds'].sum():,} rounds of clients{differ}")
    return figure
