"""Figure: depth and width of one run over simulated time, with trials and their winners."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.measures import configuration_path as path_of
from analysis.measures import is_moving, trial_windows
from analysis.reading.run import Run
from analysis.tables.text import time_unit

from .drawing.look import LOOK, Look
from .drawing.style import COLOURS, QUIET

_SIZE_IN = (7.2, 4.4)
_MOST_NAMES = 14
_SIZES = ("depth", "width")


def configuration_path_frame(run: Run) -> pl.DataFrame:
    """Return columns start_s, end_s, depth, width, is_trial, chosen, by time.

    One row per interval between changes or decisions. is_trial: a trial took place in it, and the
    branch `chosen` won. Raises ValueError for a run whose configuration never changes.
    """
    if not is_moving(run):
        raise ValueError("no arm's configuration changes")
    path = path_of(run).unique("t_s", keep="last", maintain_order=True)
    ends_s = [*path["t_s"].to_list()[1:], max(run.end_s, float(path["t_s"][-1]))]
    intervals = path.select(start_s="t_s", end_s=pl.Series(ends_s), depth="depth", width="width")
    windows = trial_windows(run).select("end_s", "chosen")
    joined = intervals.join(windows, on="end_s", how="left", maintain_order="left")
    has_length = pl.col("end_s") > pl.col("start_s")  # the last decision may end the run
    joined = joined.with_columns(chosen=pl.when(has_length).then("chosen"))
    return joined.with_columns(is_trial=pl.col("chosen").is_not_null()).select(
        "start_s", "end_s", "depth", "width", "is_trial", "chosen"
    )


def configuration_path(
    frame: pl.DataFrame, *, title: str = "", colour: str = COLOURS[0], look: Look = LOOK
) -> Figure:
    """Draw depth and, if present, width over time; trials are shaded, winners written above."""
    sizes = [size for size in _SIZES if not frame[size].has_nulls()]
    end_s = float(frame["end_s"].to_list()[-1])
    unit_s, unit = time_unit(end_s)
    with look.context():
        figure = look.figure(*_SIZE_IN)
        panels = figure.subplots(len(sizes), 1, sharex=True, squeeze=False)[:, 0]
        for axes, size in zip(panels, sizes, strict=True):
            _shade(axes, frame, unit_s)
            times = [*frame["start_s"], end_s]
            values = [*frame[size], frame[size][-1]]
            line: Any = {"color": colour, "lw": look.mark(2.2)}
            axes.step([t / unit_s for t in times], values, where="post", **line)
            low, high = min(values), max(values)
            pad = max(0.3, 0.15 * (high - low))
            axes.set_ylim(low - pad, high + pad)
            axes.set_yticks(_whole(low, high, 1 if size == "depth" else 8))
            axes.set_ylabel("depth, layers" if size == "depth" else "width, neurons")
        _name_winners(panels[0], frame, unit_s, look)
        panels[-1].set_xlabel(f"simulated time, {unit}")
        panels[-1].set_xlim(0.0, end_s / unit_s)
        shaded = ["shaded: trials, and which branch won"] if frame["is_trial"].any() else []
        look.note(figure, " · ".join([title] * bool(title) + shaded))
    return figure


def _whole(low: int, high: int, unit: int) -> list[int]:
    """Ticks at multiples of the unit, about five at most."""
    step = unit * max(1, -(-(high - low) // (5 * unit)))
    return list(range(low, high + 1, step))


def _shade(axes: Axes, frame: pl.DataFrame, unit_s: float) -> None:
    trials = frame.filter("is_trial").select("start_s", "end_s").rows()
    for i, (start_s, end_s) in enumerate(trials):
        shade = "#EFEFEF" if i % 2 else "#DFDFDF"
        axes.axvspan(start_s / unit_s, end_s / unit_s, color=shade, lw=0, zorder=0)


def _name_winners(axes: Axes, frame: pl.DataFrame, unit_s: float, look: Look) -> None:
    """Write the winners above their trials, or their counts if there are too many."""
    trials = frame.filter("is_trial")
    if len(trials) > _MOST_NAMES:
        axes.set_title(_tally(trials), size=look.points(2), color=QUIET)
        return
    for start_s, end_s, chosen in trials.select("start_s", "end_s", "chosen").rows():
        axes.annotate(
            chosen,
            ((start_s + end_s) / 2 / unit_s, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="left",
            rotation=35,
            size=look.points(3),
            color=QUIET,
            annotation_clip=False,
        )


def _tally(trials: pl.DataFrame) -> str:
    counts = trials["chosen"].value_counts(sort=True).rows()
    return "won: " + ", ".join(f"{name} {n} ×" for name, n in counts)
