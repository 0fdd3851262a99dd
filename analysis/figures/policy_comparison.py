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

_ROW_IN, _MARGIN_IN, _WIDTH_IN = 0.42, 1.5, 9.6
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
    look: Look = LOOK,
) -> Figure:
    """Draw the frame of `arm_frame`, one row per arm.

    Left: mean over seeds with its interval. An arm with seeds that did not reach the target has no
    mean: a hollow arrow at the right edge, whatever it had spent by its end. Right: ratio reference
    / arm, paired by seed. Raises ValueError if no arm has a value.
    """
    known = frame["mean"].drop_nulls().to_list()
    if not known or max(known) <= 0:
        raise ValueError(f"no arm has a value for {quantity.text.format(target=target)}")
    seen = [*known, *frame["low"].drop_nulls(), *frame["high"].drop_nulls()]
    scale, unit = scaling(quantity.unit, [value for value in seen if value > 0])
    columns = pl.col("mean", "low", "high") / scale
    with look.context(axes_grid_axis="x"):
        figure, (left, right) = two_panels(len(frame), look, (1.25, 1))
        names = look.short(frame["arm"].to_list(), NAMES * figure.get_figwidth())
        draw_amounts(left, frame.with_columns(columns), look)
        fit_x(left, [value / scale for value in seen], quantity.unit if scale == 1.0 else "")
        left.set_xlabel(quantity.text.format(target=target) + unit)
        _ratios(right, frame, look)
        is_narrow = figure.get_figwidth() < _NARROW_IN
        room_in = (_NARROW_RATIO if is_narrow else _RATIO) * figure.get_figwidth()
        short = look.short([reference], room_in)[reference]
        right.set_xlabel(f"ratio: {short} / arm", parse_math=False)
        value_ticks(left.yaxis, range(len(frame)), list(names.values()))
        left.set_ylim(len(frame) - 0.5, -0.5)
        look.note(figure, seeds_note(frame))
    return figure


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
            axes.plot([arm["low"], arm["high"]], [row, row], color=colour, lw=4, alpha=0.3)
        axes.plot(arm["mean"], row, "o", color=colour, ms=7)


def _draw_missed(axes: Axes, row: int, arm: Mapping[str, Any], look: Look) -> None:
    """An arrow out of the right edge: the amount is unknown, and above what was spent."""
    place = axes.get_yaxis_transform()  # x as a share of the axis, y as the row
    colour = look.style(arm["arm"]).colour
    axes.plot(_EDGE, row, ">", color=colour, mfc="white", ms=7, transform=place, clip_on=False)
    axes.annotate(
        f"{arm['n_reached']} of {arm['n_seeds']} reached it",
        (_EDGE, row),
        xycoords=place,
        xytext=(-8, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=QUIET,
        size=look.points(2.5),
    )


def _ratios(axes: Axes, frame: pl.DataFrame, look: Look) -> None:
    values = [1.0]
    for row, arm in enumerate(frame.iter_rows(named=True)):
        if arm["ratio"] is None or arm["n_common"] < arm["n_seeds"]:
            continue
        colour = look.style(arm["arm"]).colour
        if arm["ratio_low"] is not None:
            bounds = [arm["ratio_low"], arm["ratio_high"]]
            axes.plot(bounds, [row, row], color=colour, lw=4, alpha=0.3)
            values += bounds
        axes.plot(arm["ratio"], row, "o", color=colour, ms=6)
        values.append(arm["ratio"])
    axes.axvline(1.0, color=BASELINE, lw=1.0, ls="--")
    fit_x(axes, values)


def fit_x(axes: Axes, values: list[float], unit: str = "") -> None:
    """Set an x axis from 0, or a logarithmic one for a wide range; seconds get named ticks."""
    positive = [value for value in values if value > 0]
    if not is_wide(positive):
        axes.set_xlim(0.0, 1.15 * max(values) or 1.0)
        return
    axes.set_xscale("log")
    axes.set_xlim(min(positive) / 1.6, max(positive) * 2.2)
    if unit == "s":
        ticks = time_ticks(*axes.get_xlim())
        value_ticks(axes.xaxis, list(ticks), list(ticks.values()))
    else:
        plain_log(axes.xaxis, max(positive) / min(positive))


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
