"""Figure: accuracy over simulated time, and the configuration of arms that change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from analysis.measures import accuracy_curve, configuration_path, is_moving
from analysis.reading.arms import labels_of, shared_place, value_text
from analysis.reading.run import Run
from analysis.reading.study import Study
from analysis.statistics.bands import accuracy_band
from analysis.tables.text import bounds_text

from .drawing.labels import ROOM, EndLabel, end_labels
from .drawing.line_styles import LineStyle, arm_styles
from .drawing.look import LOOK, Look
from .drawing.style import QUIET
from .drawing.time_axis import time_axis

_SIZE_IN = (7.2, 6.2)
_SMALL_IN = (7.2, 4.2)
_UNITS = {"depth": 1, "width": 8}  # one layer; the step of an adapter's width
_BESIDE_IN = 0.9  # for the names of the y axis
_APART = 0.12  # of a unit, between the paths of two seeds
_LEAST_SPAN = 0.1  # of the accuracy axis, so that its ticks are whole percents
_DECISION_MARKS = "trial decisions: ● changed this value, ○ kept it"


def time_to_accuracy(study: Study, look: Look = LOOK) -> Figure:
    """Draw the reported accuracy of every run over a logarithmic axis of simulated time.

    One colour per arm, one line per seed; with several seeds also their mean and its range or
    interval. The majority class is a dashed line. For arms whose configuration changes, panels
    below show depth and, if present, width, with a mark at each decision; seeds lie a little apart.
    Evaluations at second 0 are left out. Raises ValueError without evaluations.
    """
    evaluated = {run: accuracy_curve(run).filter(pl.col("t_s") > 0) for run in study.runs}
    curves = {run: curve for run, curve in evaluated.items() if len(curve)}
    if not curves:
        raise ValueError(f"{study.path}: no run has an evaluation after second 0 yet")
    moving = [run for run in study.runs if run in curves and is_moving(run)]
    styles = look.styles or arm_styles(study)
    with look.context():
        figure, panels = _panels(bool(moving), look)
        start_s = min(float(curve["t_s"][0]) for curve in curves.values()) * 0.9
        end_s = max(float(curve["t_s"][-1]) for curve in curves.values()) * 1.05
        width_in = figure.get_figwidth() * (1 - ROOM) - _BESIDE_IN
        time_axis(panels[0], start_s, end_s, most_names=min(7, max(2, look.letters(width_in) // 6)))
        look.note(figure, _notes(study))
        panels[-1].set_xlabel("simulated time")
        ends = [_draw_accuracy(panels[0], study, curves, styles, look)]
        for axes, column in zip(panels[1:], ("depth", "width"), strict=False):
            ends.append(_draw_configuration(axes, moving, column, styles, start_s, look))
        if look.has_notes and any(len(run.decisions) for run in moving):
            panels[1].set_title(_DECISION_MARKS, color=QUIET, size=look.points(1.5))
        figure.align_ylabels(panels)
        figure.draw_without_rendering()  # lays out the figure, so that labels can be placed
        for axes, labels in zip(panels, ends, strict=True):
            end_labels(axes, labels, look)
    return figure


def _panels(with_configuration: bool, look: Look) -> tuple[Figure, list[Axes]]:
    figure = look.figure(*(_SIZE_IN if with_configuration else _SMALL_IN))
    ratios = (3.4, 1, 1) if with_configuration else (1,)
    grid = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios, squeeze=False)
    return figure, list(grid[:, 0])


def _draw_accuracy(
    axes: Axes,
    study: Study,
    curves: Mapping[Run, pl.DataFrame],
    styles: Mapping[str, LineStyle],
    look: Look,
) -> list[EndLabel]:
    ends, labels = [], labels_of(study)
    for arm in study.arms:
        style, drawn = styles[arm], [curves[run] for run in study.runs_of(arm) if run in curves]
        has_band = len(drawn) > 1 and _draw_band(axes, accuracy_band(drawn), style)
        thin: Any = {"lw": look.mark(0.8), "alpha": 0.4} if has_band else {}
        for curve in drawn:
            axes.plot(curve["t_s"], curve["accuracy"], color=style.colour, ls=style.dashes, **thin)
            axes.plot(
                curve["t_s"][-1], curve["accuracy"][-1], "o", color=style.colour, ms=look.mark(5.5)
            )
        if drawn:
            longest = max(drawn, key=lambda curve: float(curve["t_s"][-1]))
            end = (float(longest["t_s"][-1]), float(longest["accuracy"][-1]))
            ends.append(EndLabel(text=labels[arm], x=end[0], y=end[1], colour=style.colour))
    for accuracy in sorted({r.majority_accuracy for r in curves if r.majority_accuracy}):
        axes.axhline(accuracy, color=QUIET, ls="--", lw=look.mark(1.2))
        ends.append(EndLabel(text="majority class", x=None, y=accuracy, colour=QUIET))
    axes.set_ylim(*_accuracy_limits([label.y for label in ends], list(curves.values())))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.set_ylabel(f"{study.runs[0].report_on} {study.runs[0].metric}")
    return ends


def _draw_band(axes: Axes, band: pl.DataFrame, style: LineStyle) -> bool:
    """Draw the mean and its interval; return whether the seeds overlap in time."""
    times, low, high = (band[column].to_numpy() for column in ("t_s", "low", "high"))
    axes.fill_between(times, low, high, color=style.colour, alpha=0.18, lw=0)
    axes.plot(band["t_s"], band["mean"], color=style.colour, ls=style.dashes)
    return len(band) > 1


def _accuracy_limits(
    levels: Sequence[float], curves: Sequence[pl.DataFrame]
) -> tuple[float, float]:
    seen = [*levels, *(float(a) for curve in curves for a in curve["accuracy"])]
    low, high = min(seen), max(seen)
    pad = max(0.05 * (high - low), (_LEAST_SPAN - (high - low)) / 2)
    return max(0.0, low - pad), min(1.0, high + pad)


def _draw_configuration(
    axes: Axes,
    moving: Sequence[Run],
    column: str,
    styles: Mapping[str, LineStyle],
    start_s: float,
    look: Look,
) -> list[EndLabel]:
    ends = {}
    for run in moving:
        style, path = styles[run.arm], configuration_path(run)
        if path[column].has_nulls():  # freezing has a depth and no width
            continue
        end_s = float(accuracy_curve(run)["t_s"][-1])
        times = np.maximum([*path["t_s"], max(end_s, *path["t_s"])], start_s)
        path = path.with_columns(pl.col(column) + _aside(run, moving) * _UNITS[column])
        values = [*path[column], path[column][-1]]
        axes.step(
            times, values, where="post", color=style.colour, ls=style.dashes, lw=look.mark(1.4)
        )
        _mark_decisions(axes, path, column, style.colour, look)
        ends[run.arm] = EndLabel(
            text=run.arm, x=float(times[-1]), y=float(values[-1]), colour=style.colour
        )
    if ends:
        _tick_units(axes, _UNITS[column])
    axes.set_ylabel(column)
    return list(ends.values())


def _aside(run: Run, moving: Sequence[Run]) -> float:
    """How far the path of a seed lies from its value, in units, so that no seed hides another."""
    seeds = [one.seed for one in moving if one.arm == run.arm]
    return _APART * (seeds.index(run.seed) - (len(seeds) - 1) / 2)


def _tick_units(axes: Axes, unit: int) -> None:
    """Set ticks at multiples of the unit, at most about three."""
    low, high = axes.dataLim.intervaly
    pad = max(unit / 2, (high - low) / 4)
    axes.set_ylim(low - pad, high + pad)
    step = unit * 2 ** int((high - low) / (3 * unit)).bit_length()
    first = unit * round(low / unit)  # seeds lie a little apart
    ticks = [tick for tick in range(0, int(high) + 1, step) if tick >= low]
    axes.set_yticks(ticks if len(ticks) > 1 else range(first, int(high + unit / 2) + 1, step))


def _mark_decisions(axes: Axes, path: pl.DataFrame, column: str, colour: str, look: Look) -> None:
    """Mark decisions: filled if this value changed, hollow if not."""
    has_moved = (pl.col(column) != pl.col(column).shift()).fill_null(False)
    decided = path.with_columns(has_moved=has_moved).filter("is_decision")
    for moved, face in ((True, colour), (False, "white")):
        marks = decided.filter(pl.col("has_moved") == moved)
        sizes: Any = {"ms": look.mark(4.5), "mew": look.mark(1.1)}
        axes.plot(marks["t_s"], marks[column], "o", mfc=face, mec=colour, **sizes)


def _notes(study: Study) -> str:
    n_seeds = {len(study.runs_of(arm)) for arm in study.arms}
    notes = [
        value if isinstance(value, str) else f"{axis} {value_text(value)}"
        for axis, value in shared_place(study).items()
    ]
    notes.append(", ".join(f"{n:,} clients" for n in sorted({run.n_clients for run in study.runs})))
    notes.append(
        "single seed" if n_seeds == {1} else f"mean, {bounds_text(max(n_seeds))}, thin: seeds"
    )
    if any(not run.is_finished for run in study.runs):
        notes.append("some runs unfinished")
    return " · ".join(notes)
