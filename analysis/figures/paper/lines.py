"""Lines of a quantity along an axis, one panel per study: the paper's Figures 6, 10 and 11."""

from __future__ import annotations

import matplotlib as mpl
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.drawing.line_styles import LineStyle
from analysis.figures.drawing.scales import fit_y, value_ticks
from analysis.figures.drawing.style import STYLE
from analysis.figures.what_if import series_means

from .panels import MARKERS, grid, hours, legend, styles_of


def lines(
    frame: pl.DataFrame,
    *,
    x_label: str,
    y_label: str,
    unit: str,
    is_linear: bool = False,
    note: str = "",
) -> Figure:
    """Draw the frame of `axis_frame` or `batch_frame`, one line per arm.

    Coordinates are at equal distances, as in the paper. Lines are means over seeds, dots are seeds;
    there is no mean where a seed did not reach the target. Raises ValueError if no run has a value.
    """
    seen = frame["value"].drop_nulls().to_list()
    if not seen:
        raise ValueError(f"no run has a value for {y_label}")
    scale, unit_text = hours(unit, seen)
    scaled = frame.with_columns(pl.col("value") / scale)
    names = frame["series"].unique(maintain_order=True).to_list()
    styles = styles_of(names)
    markers = dict(zip(names, MARKERS * len(names), strict=False))
    studies = frame["study"].unique(maintain_order=True).to_list()
    with mpl.rc_context(STYLE):
        figure, rows = grid(1, len(studies), share_y=True)
        for axes, study in zip(rows[0], studies, strict=True):
            own = scaled.filter(pl.col("study") == study)
            for name, marker in markers.items():
                _draw(axes, own, name, styles[name], marker)
            _named(axes, own)
            axes.set_title(study, parse_math=False)
            axes.set_xlabel(x_label)
        fit_y(rows[0][0], [max(seen) / scale] if is_linear else [v / scale for v in seen])
        rows[0][0].set_ylabel(y_label + unit_text)
        legend(figure, [_handle(styles[n], m, n) for n, m in markers.items()], note)
    return figure


def _draw(axes: Axes, own: pl.DataFrame, name: str, style: LineStyle, marker: str) -> None:
    points = sorted(own["position"].unique().to_list())
    rows = own.filter(pl.col("series") == name)
    means = series_means(rows)
    ranks = [points.index(position) for position in means["position"]]
    axes.plot(ranks, means["mean"], color=style.colour, ls=style.dashes, marker=marker, ms=6)
    if rows["seed"].n_unique() > 1:
        ranks = [points.index(position) for position in rows["position"]]
        axes.plot(ranks, rows["value"], ".", color=style.colour, ms=5, alpha=0.5)


def _handle(style: LineStyle, marker: str, name: str) -> Line2D:
    return Line2D([], [], color=style.colour, ls=style.dashes, marker=marker, ms=6, label=name)


def _named(axes: Axes, own: pl.DataFrame) -> None:
    names = own.select("position", "x").unique(maintain_order=True).sort("position")["x"].to_list()
    step = 1 + (len(names) - 1) // 8
    value_ticks(axes.xaxis, range(0, len(names), step), names[::step])
    axes.set_xlim(-0.3, len(names) - 0.7)
