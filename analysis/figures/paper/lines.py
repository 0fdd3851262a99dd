"""A quantity along an axis, a panel a study, a line an arm: Figures 6, 10 and 11."""

from __future__ import annotations

import matplotlib as mpl
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.what_if import series_means
from analysis.scales import fit_y, value_ticks
from analysis.style import STYLE

from .panels import MARKERS, grid, hours, legend, looks_of


def lines(
    frame: pl.DataFrame,
    *,
    x_label: str,
    y_label: str,
    unit: str,
    is_linear: bool = False,
    note: str = "",
) -> Figure:
    """The frame of `axis_frame` or `batch_frame`; points stand at equal distances, as in the paper.

    Means over seeds; a point that a seed did not reach is missing. Raises ValueError if nothing is
    known.
    """
    seen = frame["value"].drop_nulls().to_list()
    if not seen:
        raise ValueError(f"{y_label}: is known of no run")
    scale, unit_text = hours(unit, seen)
    scaled = frame.with_columns(pl.col("value") / scale)
    names = frame["series"].unique(maintain_order=True).to_list()
    looks = looks_of(names)
    studies = frame["study"].unique(maintain_order=True).to_list()
    with mpl.rc_context(STYLE):
        figure, rows = grid(1, len(studies), share_y=True)
        for axes, study in zip(rows[0], studies, strict=True):
            own = scaled.filter(pl.col("study") == study)
            for name, marker in zip(names, MARKERS * len(names), strict=False):
                look = looks[name]
                means = _by_rank(own.filter(pl.col("series") == name), _points(own))
                axes.plot(
                    *means, color=look.colour, ls=look.dashes, marker=marker, ms=6, label=name
                )
            _named(axes, own)
            axes.set_title(study, parse_math=False)
            axes.set_xlabel(x_label)
        fit_y(rows[0][0], [max(seen) / scale] if is_linear else [v / scale for v in seen])
        rows[0][0].set_ylabel(y_label + unit_text)
        handles = [line for line in rows[0][0].lines if isinstance(line, Line2D)]
        legend(figure, handles, note)
    return figure


def _points(own: pl.DataFrame) -> list[float]:
    return sorted(own["position"].unique().to_list())


def _by_rank(rows: pl.DataFrame, points: list[float]) -> tuple[list[int], pl.Series]:
    """Ranks on the axis and means."""
    means = series_means(rows)
    ranks = [points.index(position) for position in means["position"]]
    return ranks, means["mean"]


def _named(axes: Axes, own: pl.DataFrame) -> None:
    names = own.select("position", "x").unique(maintain_order=True).sort("position")["x"].to_list()
    step = 1 + (len(names) - 1) // 8
    value_ticks(axes.xaxis, range(0, len(names), step), names[::step])
    axes.set_xlim(-0.3, len(names) - 0.7)
