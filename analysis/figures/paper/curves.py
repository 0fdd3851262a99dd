"""Relative accuracy over time, a panel a study: Figures 5 and 9."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.drawing.looks import Look
from analysis.figures.drawing.scales import is_wide, time_unit
from analysis.figures.drawing.style import COLOURS, STYLE, time_axis

from .panels import grid, legend, looks_of

_INSTANTS = 200
_MOST_NAMES = 8  # of instants, over all panels
_MARGIN = 1.1  # of a logarithmic axis: the ends of lines stay inside
_BAND = "fixed: mean, least to most"


def curves(
    frames: Mapping[str, pl.DataFrame], *, banded: Collection[str] = (), note: str = ""
) -> Figure:
    """The frames of `relative_frame` by study: a line a run, up to where it reaches the target.

    banded: arms shown as one band from the least to the most accurate, and their mean, instead.
    Without a band, time is logarithmic where some runs are much longer than others; lines then
    begin with the first evaluation.
    """
    names = list(dict.fromkeys(arm for frame in frames.values() for arm in frame["arm"]))
    looks = looks_of(names) if not banded else _after_band([n for n in names if n not in banded])
    with mpl.rc_context(STYLE):
        figure, rows = grid(1, len(frames), share_y=True)
        for axes, (study, frame) in zip(rows[0], frames.items(), strict=True):
            most_names = _MOST_NAMES // len(frames)
            scaled = _on_time_axis(axes, frame, is_linear=bool(banded), most_names=most_names)
            if banded:
                _draw_band(axes, scaled.filter(pl.col("arm").is_in(list(banded))))
            _draw_lines(axes, scaled, looks)
            axes.set_title(study, parse_math=False)
        rows[0][0].set_ylabel("relative accuracy")
        highest = max(max(frame["share"].to_list()) for frame in frames.values())
        rows[0][0].set_ylim(0.0, 1.03 * max(1.0, highest))
        handles = [Line2D([], [], color=k.colour, ls=k.dashes, label=n) for n, k in looks.items()]
        if banded:
            handles.append(Line2D([], [], color=COLOURS[0], ls=":", label=_BAND))
        legend(figure, handles, note)
    return figure


def _on_time_axis(
    axes: Axes, frame: pl.DataFrame, *, is_linear: bool, most_names: int
) -> pl.DataFrame:
    """The frame with t_s in the units of the axis, which is set up for it."""
    lengths_s = frame.group_by("arm", "seed").agg(pl.col("t_s").max())["t_s"].to_list()
    if is_linear or not is_wide(lengths_s):
        unit_s, unit = time_unit(max(lengths_s))
        axes.set_xlabel(f"simulated time, {unit}")
        axes.set_xlim(0.0, 1.03 * max(lengths_s) / unit_s)
        return frame.with_columns(pl.col("t_s") / unit_s)
    evaluated = frame.filter(pl.col("t_s") > 0.0)
    start_s, end_s = min(evaluated["t_s"].to_list()) / _MARGIN, max(lengths_s) * _MARGIN
    time_axis(axes, start_s, end_s, most_names=most_names)
    axes.set_xlabel("simulated time")
    return evaluated


def _draw_lines(axes: Axes, frame: pl.DataFrame, looks: Mapping[str, Look]) -> None:
    for (arm, _), run in frame.group_by("arm", "seed", maintain_order=True):
        if arm in looks:
            look = looks[str(arm)]
            axes.plot(run["t_s"], run["share"], color=look.colour, ls=look.dashes, lw=1.4)


def _after_band(names: Sequence[str]) -> Mapping[str, Look]:
    return {name: Look(colour, "-") for name, colour in zip(names, COLOURS[1:], strict=False)}


def band_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns t_s, low, mean, high over the runs of a frame, at evenly spaced instants.

    Before its first evaluation a run is not counted; after its last it keeps that value.
    """
    times = np.linspace(0.0, float(frame["t_s"].to_numpy().max()), _INSTANTS)
    known = np.array(
        [
            np.interp(times, run["t_s"], run["share"], left=np.nan)
            for _, run in frame.group_by("arm", "seed", maintain_order=True)
        ]
    )  # (n_runs, n_instants)
    is_told = ~np.isnan(known).all(axis=0)
    told = known[:, is_told]
    return pl.DataFrame(
        {
            "t_s": times[is_told],
            "low": np.nanmin(told, axis=0),
            "mean": np.nanmean(told, axis=0),
            "high": np.nanmax(told, axis=0),
        }
    )


def _draw_band(axes: Axes, frame: pl.DataFrame) -> None:
    band = band_of(frame)
    axes.fill_between(band["t_s"], band["low"], band["high"], color=COLOURS[0], alpha=0.15, lw=0)
    axes.plot(band["t_s"], band["mean"], color=COLOURS[0], ls=":")
