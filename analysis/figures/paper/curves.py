"""Relative accuracy over time, one panel per study: the paper's Figures 5 and 9."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.drawing.line_styles import LineStyle
from analysis.figures.drawing.scales import is_wide
from analysis.figures.drawing.style import COLOURS, STYLE
from analysis.figures.drawing.time_axis import time_axis
from analysis.tables.text import time_unit

from .panels import grid, legend, styles_of

_INSTANTS = 200
_MOST_NAMES = 8  # named ticks, over all panels
_MARGIN = 1.1  # of a logarithmic axis, so that the ends of lines are inside
_BAND = "fixed: mean, least to most"


def curves(
    frames: Mapping[str, pl.DataFrame], *, banded: Collection[str] = (), note: str = ""
) -> Figure:
    """Draw the frames of `relative_frame` by study: one line per run, until it reaches the target.

    banded: arms to draw as one band from the least to the most accurate, with their mean. Without a
    band, time is logarithmic if the lengths of runs differ much; lines then begin at the first
    evaluation.
    """
    names = list(dict.fromkeys(arm for frame in frames.values() for arm in frame["arm"]))
    styles = styles_of(names) if not banded else _after_band([n for n in names if n not in banded])
    with mpl.rc_context(STYLE):
        figure, rows = grid(1, len(frames), share_y=True)
        for axes, (study, frame) in zip(rows[0], frames.items(), strict=True):
            most_names = _MOST_NAMES // len(frames)
            scaled = _on_time_axis(axes, frame, is_linear=bool(banded), most_names=most_names)
            if banded:
                _draw_band(axes, scaled.filter(pl.col("arm").is_in(list(banded))))
            _draw_lines(axes, scaled, styles)
            axes.set_title(study, parse_math=False)
        rows[0][0].set_ylabel("relative accuracy")
        highest = max(max(frame["share"].to_list()) for frame in frames.values())
        rows[0][0].set_ylim(0.0, 1.03 * max(1.0, highest))
        handles = [Line2D([], [], color=k.colour, ls=k.dashes, label=n) for n, k in styles.items()]
        if banded:
            handles.append(Line2D([], [], color=COLOURS[0], ls=":", label=_BAND))
        legend(figure, handles, note)
    return figure


def _on_time_axis(
    axes: Axes, frame: pl.DataFrame, *, is_linear: bool, most_names: int
) -> pl.DataFrame:
    """Set the time axis; return the frame with t_s in its unit."""
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


def _draw_lines(axes: Axes, frame: pl.DataFrame, styles: Mapping[str, LineStyle]) -> None:
    for (arm, _), run in frame.group_by("arm", "seed", maintain_order=True):
        if arm in styles:
            style = styles[str(arm)]
            axes.plot(run["t_s"], run["share"], color=style.colour, ls=style.dashes, lw=1.4)


def _after_band(names: Sequence[str]) -> Mapping[str, LineStyle]:
    return {name: LineStyle(colour, "-") for name, colour in zip(names, COLOURS[1:], strict=False)}


def band_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Return columns t_s, low, mean, high over the runs of a frame, at evenly spaced instants.

    A run counts from its first evaluation on; after its last one it keeps this value.
    """
    times = np.linspace(0.0, float(frame["t_s"].to_numpy().max()), _INSTANTS)
    shares = np.array(
        [
            np.interp(times, run["t_s"], run["share"], left=np.nan)
            for _, run in frame.group_by("arm", "seed", maintain_order=True)
        ]
    )  # (n_runs, n_instants)
    is_known = ~np.isnan(shares).all(axis=0)
    values = shares[:, is_known]
    return pl.DataFrame(
        {
            "t_s": times[is_known],
            "low": np.nanmin(values, axis=0),
            "mean": np.nanmean(values, axis=0),
            "high": np.nanmax(values, axis=0),
        }
    )


def _draw_band(axes: Axes, frame: pl.DataFrame) -> None:
    band = band_of(frame)
    axes.fill_between(band["t_s"], band["low"], band["high"], color=COLOURS[0], alpha=0.15, lw=0)
    axes.plot(band["t_s"], band["mean"], color=COLOURS[0], ls=":")
