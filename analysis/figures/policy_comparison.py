"""Figure: a quantity by arm with its interval, and its ratio to a reference arm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.tables.runs import Quantity
from analysis.tables.text import bounds_text

from .drawing.look import LOOK, Look
from .drawing.scales import is_wide, plain_log, scaling, value_ticks
from .drawing.style import BASELINE, QUIET
from .drawing.time_axis import time_ticks

_ROW_IN, _MARGIN_IN, _WIDTH_IN, _ONE_IN = 0.42, 1.5, 9.6, 7.2
_NARROW_IN = 6.0
"""Width below which two panels do not fit side by side."""

NAMES = 0.3
"""The longest name of an arm, as a share of the width of the figure."""

_RATIO, _NARROW_RATIO = 0.19, 0.45
"""The longest name of the reference, as a share of the width of the figure."""

_EDGE = 0.985  # of the width of the axis


def policy_comparison(
    frame: pl.DataFrame,
    *,
    quantity: Quantity,
    reference: str,
    target: str = "",
    note: str = "",
    look: Look = LOOK,
) -> Figure:
    """Draw the frame of `arm_frame`, one row per arm; `note` is added to those above the panels.

    Left: mean over seeds with its interval. An arm with seeds that did not reach the target has no
    mean: a hollow arrow at the right edge, whatever it had spent by its end. Right: ratio reference
    / arm, paired by seed; left out, with a note, if the reference has no value or 0. Raises
    ValueError if no arm has a value.
    """
    known = frame["mean"].drop_nulls().to_list()
    if not known or max(known) <= 0:
        raise ValueError(f"no arm has a value for {quantity.text.format(target=target)}")
    seen = [*known, *frame["low"].drop_nulls(), *frame["high"].drop_nulls()]
    scale, unit = scaling(quantity.unit, seen)
    why_none = _why_no_ratio(frame, reference)
    columns = pl.col("mean", "low", "high") / scale
    with look.context(axes_grid_axis="x"):
        if why_none:
            figure, left = _one_panel(len(frame), look)
        else:
            figure, (left, right) = two_panels(len(frame), look, (1.25, 1))
            _ratios(right, frame, reference, look)
        names = look.short(frame["arm"].to_list(), NAMES * figure.get_figwidth())
        draw_amounts(left, frame.with_columns(columns), look)
        fit_x(left, [value / scale for value in seen], quantity.unit if scale == 1.0 else "")
        left.set_xlabel(quantity.text.format(target=target) + unit)
        value_ticks(left.yaxis, range(len(frame)), list(names.values()))
        left.set_ylim(len(frame) - 0.5, -0.5)
        look.note(figure, " · ".join(filter(None, (seeds_note(frame), why_none, note))))
    return figure


def _why_no_ratio(frame: pl.DataFrame, reference: str) -> str:
    """Why no arm has a ratio to the reference; empty if one has."""
    shown = _with_ratio(frame)
    if len(shown.filter(pl.col("ratio") > 0)):
        return ""
    is_point = pl.col("arm").str.starts_with(f"{reference}, ")  # of a study with axes
    own = frame.filter((pl.col("arm") == reference) | is_point)
    n_known = own["n_reached"].sum()
    if len(shown) or (n_known and not any(own["mean"].drop_nulls())):
        return f"no ratios: {reference} is 0"
    if n_known:
        return f"no ratios: some seeds of {reference} have no value"
    return f"no ratios: {reference} has no value"


def _with_ratio(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of arms whose ratio is of all their seeds."""
    return frame.filter(pl.col("ratio").is_not_null() & (pl.col("n_common") == pl.col("n_seeds")))


def _one_panel(n_rows: int, look: Look) -> tuple[Figure, Axes]:
    figure = look.figure(_ONE_IN, _ROW_IN * n_rows + _MARGIN_IN)
    return figure, figure.subplots()


def two_panels(
    n_rows: int, look: Look, width_ratios: tuple[float, float] = (1, 1)
) -> tuple[Figure, tuple[Axes, Axes]]:
    """Return a figure with two panels of rows: side by side, or one above the other if narrow."""
    height_in = _ROW_IN * n_rows + _MARGIN_IN
    if (look.width_in or _WIDTH_IN) >= _NARROW_IN:
        figure = look.figure(_WIDTH_IN, height_in)
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=width_ratios)
    else:
        figure = look.figure(_WIDTH_IN, 2 * height_in)
        left, right = figure.subplots(2, 1, sharey=True)
    return figure, (left, right)


def draw_amounts(axes: Axes, frame: pl.DataFrame, look: Look) -> None:
    """Draw the means and intervals of a frame of `arm_frame`, one row per arm."""
    for row, arm in enumerate(frame.iter_rows(named=True)):
        if arm["mean"] is None:
            continue
        if arm["is_lower_bound"]:
            _draw_missed(axes, row, arm, look)
            continue
        colour = look.style(arm["arm"]).colour
        if arm["low"] is not None:
            bounds = [arm["low"], arm["high"]]
            axes.plot(bounds, [row, row], color=colour, lw=look.mark(4), alpha=0.3)
        axes.plot(arm["mean"], row, "o", color=colour, ms=look.mark(7), clip_on=False)


def _draw_missed(axes: Axes, row: int, arm: Mapping[str, Any], look: Look) -> None:
    """An arrow out of the right edge: the amount is unknown, and above what was spent."""
    place = axes.get_yaxis_transform()  # x as a share of the axis, y as the row
    colour = look.style(arm["arm"]).colour
    mark: Any = {"color": colour, "mfc": "white", "ms": look.mark(7), "clip_on": False}
    axes.plot(_EDGE, row, ">", transform=place, **mark)
    axes.annotate(
        f"{arm['n_reached']} of {arm['n_seeds']} reached it",
        (_EDGE, row),
        xycoords=place,
        xytext=(-look.mark(8), 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=QUIET,
        size=look.points(2.5),
    )


def _ratios(axes: Axes, frame: pl.DataFrame, reference: str, look: Look) -> None:
    values = [1.0]
    for arm in _with_ratio(frame.with_row_index("row")).iter_rows(named=True):
        row = arm["row"]
        colour = look.style(arm["arm"]).colour
        if arm["ratio_low"] is not None:
            bounds = [arm["ratio_low"], arm["ratio_high"]]
            axes.plot(bounds, [row, row], color=colour, lw=look.mark(4), alpha=0.3)
            values += bounds
        axes.plot(arm["ratio"], row, "o", color=colour, ms=look.mark(6), clip_on=False)
        values.append(arm["ratio"])
    axes.axvline(1.0, color=BASELINE, lw=look.mark(1.0), ls="--")
    fit_x(axes, values)
    width_in = axes.figure.bbox.width / axes.figure.dpi
    room_in = (_NARROW_RATIO if width_in < _NARROW_IN else _RATIO) * width_in
    short = look.short([reference], room_in)[reference]
    axes.set_xlabel(f"ratio: {short} / arm", parse_math=False)


def fit_x(axes: Axes, values: list[float], unit: str = "") -> None:
    """Set an x axis from 0, or a logarithmic one for a wide range without 0, which it could not
    show; seconds get named ticks."""
    if not is_wide(values):
        axes.set_xlim(0.0, 1.15 * max(values) or 1.0)
        return
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 1.6, max(values) * 2.2)
    if unit == "s":
        ticks = time_ticks(*axes.get_xlim())
        value_ticks(axes.xaxis, list(ticks), list(ticks.values()))
    else:
        plain_log(axes.xaxis, max(values) / min(values))


def seeds_note(frame: pl.DataFrame) -> str:
    """Return a note on the number of seeds, and how many an interval of 10 % would need."""
    counts = sorted(set(frame["n_seeds"]))
    if counts == [1]:
        return "single seed: no interval, differences may be chance"
    text = " to ".join(str(n) for n in dict.fromkeys((counts[0], counts[-1])))
    needed = [n for n in frame["n_needed"] if n is not None]
    more = f" · ± 10 % would take up to {max(needed):,} seeds" if needed else ""
    kinds = " or ".join(dict.fromkeys(bounds_text(n) for n in (counts[0], counts[-1])))
    return f"means of {text} seeds with {kinds}{more}"
