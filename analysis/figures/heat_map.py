"""Figure: heat map of a quantity over two axes of a study, one panel per arm."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from analysis.measures import Crossing
from analysis.reading.study import Study
from analysis.tables.runs import Quantity
from analysis.tables.text import duration

from .drawing.labels import name_ticks
from .drawing.look import LOOK, Look
from .drawing.scales import is_wide, plain_log, plain_number, scaling, value_ticks
from .drawing.time_axis import time_ticks
from .what_if import what_if_frame

_CELL_IN, _MARGIN_IN, _LEAST_IN, _NAMES_IN = 0.85, 1.6, 7.2, 1.6
MOST_PANELS, _COLUMNS = 9, 3
_COLOURS = "cividis"  # perceptually uniform, also for colour-blind readers
_DARK = 0.5


def heat_map_frame(
    study: Study,
    axes: tuple[str, str],
    quantity: Quantity,
    target: float | None = None,
    crossing: Crossing = "sustained",
) -> pl.DataFrame:
    """Return columns series, x, y, mean, n_seeds: one row per cell, in the study's order.

    The mean over seeds is null unless all of them reached the target. Raises ValueError for an axis
    that the study lacks, or if the study has a third axis.
    """
    open_axes = [name for name in study.axes if name not in axes]
    if open_axes:
        raise ValueError(f"a heat map has two axes; {open_axes[0]} would be a third")
    along, up = (what_if_frame(study, axis, quantity, target, crossing) for axis in axes)
    rows = along.select("series", "x", "value").with_columns(y=up["x"])
    mean = pl.when(pl.col("value").null_count() == 0).then(pl.col("value").mean())
    cells = rows.group_by("series", "x", "y", maintain_order=True)
    return cells.agg(mean=mean, n_seeds=pl.len())


def heat_map(
    frame: pl.DataFrame,
    *,
    axes: tuple[str, str],
    quantity: Quantity,
    target: str = "",
    look: Look = LOOK,
) -> Figure:
    """Draw cells with their means, and a cross where a seed did not reach the target.

    Raises ValueError if no cell has a mean, or for more than MOST_PANELS arms.
    """
    names = frame["series"].unique(maintain_order=True).to_list()
    known = frame["mean"].drop_nulls().to_list()
    if not known or max(known) <= 0:
        raise ValueError(f"no cell has a mean {quantity.text.format(target=target)}")
    if len(names) > MOST_PANELS:
        raise ValueError(f"shows at most {MOST_PANELS} panels, got {len(names)}")
    is_time = quantity.unit == "s"  # cells and ticks have their own units
    scale, unit = (1.0, "") if is_time else scaling(quantity.unit, known)
    write = duration if is_time else _number
    kind = LogNorm if is_wide(known) else Normalize
    norm = kind(vmin=min(known) / scale, vmax=max(known) / scale)
    xs, ys = (frame[column].unique(maintain_order=True).to_list() for column in ("x", "y"))
    x_names, y_names = _tick_names(xs), list(look.short(_tick_names(ys), _NAMES_IN).values())
    with look.context(axes_grid=False):
        columns = min(len(names), _COLUMNS)
        n_rows = -(-len(names) // columns)
        width_in = max(_LEAST_IN, columns * (_CELL_IN * len(xs) + 0.5) + _MARGIN_IN)
        figure = look.figure(width_in, n_rows * (_CELL_IN * len(ys) + 0.9) + 0.7)
        grid = figure.subplots(n_rows, columns, sharey=True, squeeze=False)
        row = list(grid.ravel()[: len(names)])
        for unused in grid.ravel()[len(names) :]:
            unused.set_visible(False)
        titles = look.short(names, _CELL_IN * len(xs))
        for panel, name in zip(row, names, strict=True):
            cells = frame.filter(pl.col("series") == name).with_columns(pl.col("mean") / scale)
            _draw(panel, _grid(cells, xs, ys), norm, write, look)
            panel.set_title(titles[name], parse_math=False)
            name_ticks(panel, range(len(xs)), x_names, _CELL_IN * len(xs), look)
            panel.set_xlabel(axes[0])
        for panel in grid[:, 0]:
            value_ticks(panel.yaxis, range(len(ys)), y_names)
            panel.set_ylabel(axes[1])
        colours = mpl.cm.ScalarMappable(norm, _COLOURS)
        label = quantity.text.format(target=target) + unit
        bar = figure.colorbar(colours, ax=row, label=label)
        if is_time:
            ticks = time_ticks(min(known), max(known)) if isinstance(norm, LogNorm) else {}
            ends = {level: duration(level) for level in (min(known), max(known))}
            named = ticks or ends
            value_ticks(bar.ax.yaxis, list(named), list(named.values()))
        elif isinstance(norm, LogNorm):
            plain_log(bar.ax.yaxis, max(known) / min(known))
        look.note(figure, _notes(frame))
    return figure


def _tick_names(texts: Sequence[str]) -> list[str]:
    """Numbers with few digits, names as they are."""
    try:
        return [plain_number(text) for text in texts]
    except ValueError:
        return list(texts)


def _grid(cells: pl.DataFrame, xs: Sequence[str], ys: Sequence[str]) -> Any:
    """Means as an array (len(ys), len(xs)), NaN where unknown."""
    known: Mapping[tuple[str, str], float | None] = {
        (x, y): mean for x, y, mean in cells.select("x", "y", "mean").rows()
    }
    values = [[known.get((x, y)) for x in xs] for y in ys]
    return np.array(values, dtype=float)


def _draw(
    axes: Axes, grid: Any, norm: Normalize, write: Callable[[float], str], look: Look
) -> None:
    axes.imshow(grid, norm=norm, cmap=_COLOURS, origin="lower", aspect="auto")
    for row, column in np.ndindex(grid.shape):
        value = float(grid[row, column])
        is_known = math.isfinite(value)
        colour = "white" if is_known and norm(value) < _DARK else "black"
        text = write(value) if is_known else "×"
        axes.text(column, row, text, ha="center", va="center", color=colour, size=look.points(2))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _notes(frame: pl.DataFrame) -> str:
    n_seeds = max(frame["n_seeds"].to_list())
    notes = ["single seed" if n_seeds == 1 else f"means of {n_seeds} seeds"]
    if frame["mean"].null_count():
        notes.append("× not reached by all")
    return " · ".join(notes)
