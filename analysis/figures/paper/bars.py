"""Bars of a quantity by arm, one panel per coordinate and study: the paper's Figures 7 and 8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.figures.drawing.line_styles import LineStyle
from analysis.figures.drawing.style import STYLE
from analysis.figures.what_if import series_means

from .panels import grid, hours, legend, styles_of


def bars(
    frame: pl.DataFrame, *, y_label: str, unit: str, is_one_row: bool, note: str = ""
) -> Figure:
    """Draw the frame of `axis_frame`: one bar per arm with its value, each panel on its own scale.

    is_one_row: all panels side by side (Figure 8), instead of one row per study (Figure 7). Bars
    are means over seeds; an arm with a seed that did not reach the target has the words "not
    reached" in the place of a bar. Raises ValueError if no run has a value.
    """
    seen = frame["value"].drop_nulls().to_list()
    if not seen:
        raise ValueError(f"no run has a value for {y_label}")
    scale, unit_text = hours(unit, seen)
    scaled = frame.with_columns(pl.col("value") / scale)
    styles = styles_of(frame["series"].unique(maintain_order=True).to_list())
    places = frame.select("study", "position", "x").unique(maintain_order=True).rows()
    studies = frame["study"].unique(maintain_order=True).to_list()
    with mpl.rc_context(STYLE):
        n_columns = len(places) if is_one_row else len(places) // len(studies)
        figure, rows = grid(1 if is_one_row else len(studies), n_columns)
        panels = [axes for row in rows for axes in row]
        for axes, (study, position, x) in zip(panels, places, strict=True):
            own = scaled.filter((pl.col("study") == study) & (pl.col("position") == position))
            _draw(axes, own, styles)
            axes.set_title(f"{study}, {x}" if is_one_row else x, parse_math=False)
        for row, study in zip(rows, studies, strict=False):
            row[0].set_ylabel(
                y_label + unit_text if is_one_row else f"{study}\n{y_label}{unit_text}"
            )
        handles = [Patch(facecolor=style.colour, label=name) for name, style in styles.items()]
        legend(figure, handles, note)
    return figure


def _draw(axes: Axes, own: pl.DataFrame, styles: Mapping[str, LineStyle]) -> None:
    for place, (name, style) in enumerate(styles.items()):
        means = series_means(own.filter(pl.col("series") == name))
        mean = means["mean"][0] if len(means) else None
        if mean is not None:
            axes.bar([place], [mean], width=0.72, color=style.colour)
            axes.annotate(
                f"{mean:.3g}",
                (place, mean),
                (0, 2),
                textcoords="offset points",
                ha="center",
                size=9,
            )
        elif len(means):
            place_of = axes.get_xaxis_transform()  # x as the arm, y as a share of the axis
            word: Any = {"ha": "center", "va": "bottom", "rotation": 90, "size": 8}
            axes.text(place, 0.02, "not reached", transform=place_of, color=style.colour, **word)
    axes.set_xlim(-0.6, len(styles) - 0.4)
    axes.set_xticks([])
    axes.margins(y=0.14)
