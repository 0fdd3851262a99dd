"""Figure: a quantity along an axis of a what-if study, one line per arm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation, Transform

from analysis.measures import Crossing
from analysis.reading.arms import series_of
from analysis.reading.study import Study
from analysis.statistics.estimates import mean_interval
from analysis.tables.runs import Quantity, run_frame
from analysis.tables.text import bounds_text

from .drawing.labels import EndLabel, end_labels, name_ticks
from .drawing.line_styles import LineStyle
from .drawing.look import LOOK, Look
from .drawing.scales import (
    apart,
    coordinate,
    fit_y,
    is_wide,
    place_name,
    plain_log,
    plain_number,
    scaling,
    value_ticks,
)
from .drawing.style import COLOURS, DASHES

_PANEL_IN, _HEIGHT_IN, _LABELS_IN, _LEAST_IN = 2.5, 4.2, 1.8, 7.2
_MOST_TICKS = 8
_ASIDE = 0.7  # of the distance of two names, shared by the arms that are drawn there
_ABOVE, _ABOVE_LOG = 1.06, 1.25  # of the largest amount: where unreached runs are marked
_NARROW = 1.1  # titles are mostly of letters that are narrower than the mean
_MISSED_POINTS = 4.0  # between the marks of two arms that missed the target at one place
MOST_PANELS = 6


def what_if_frame(
    study: Study,
    axis: str,
    quantity: Quantity,
    target: float | None = None,
    crossing: Crossing = "sustained",
) -> pl.DataFrame:
    """Return columns series, panel, x, position, seed, value, spent: one row per run.

    series: the arm without its coordinates; panel: its coordinates on the other axes. x: its
    coordinate on this axis as text; position: the number, or the rank if the axis has names. value
    is null if the target was not reached; spent is the amount at the end of the run. Raises
    ValueError for an axis that the study lacks.
    """
    if axis not in study.axes:
        known = ", ".join(study.axes) or "none"
        raise ValueError(f"{study.path}: has no axis {axis}; its axes: {known}")
    rows = run_frame(study, target, crossing).filter(pl.col("arm").is_in(list(study.coordinates)))
    positions = _positions([study.coordinates[arm][axis] for arm in rows["arm"]])
    places = [_place(study, arm, axis, positions) for arm in rows["arm"]]
    schema = {"series": pl.String, "panel": pl.String, "x": pl.String, "position": pl.Float64}
    spent = pl.lit(None) if quantity.spent is None else pl.col(quantity.spent)
    values = rows.select(
        "seed",
        value=pl.col(quantity.column).cast(pl.Float64),
        spent=spent.cast(pl.Float64),
    )
    return pl.concat([pl.DataFrame(places, schema=schema, orient="row"), values], how="horizontal")


def what_if(
    frame: pl.DataFrame,
    *,
    axis: str,
    quantity: Quantity,
    target: str = "",
    look: Look = LOOK,
) -> Figure:
    """Draw the mean over seeds against the axis: one line per arm, one point per seed.

    An axis of names has no line between them: means are points with bars, side by side.

    One panel per combination of the other axes; a band shows the range or interval over several
    seeds. A run that did not reach the target is a hollow triangle at the top, whatever it had
    spent by its end; at this point the line has no mean and is interrupted. Raises ValueError if no
    run has a value, or for more than MOST_PANELS panels.
    """
    panels = frame["panel"].unique(maintain_order=True).to_list()
    if len(panels) > MOST_PANELS:
        raise ValueError(f"shows at most {MOST_PANELS} panels, got {len(panels)}")
    seen = [*frame["value"].drop_nulls(), *_unreached(frame)["spent"].drop_nulls()]
    if not seen or max(seen) <= 0:
        raise ValueError(f"no run has a value for {quantity.text.format(target=target)}")
    scale, unit = scaling(quantity.unit, seen)
    highest = max(seen) * (_ABOVE_LOG if is_wide(seen) else _ABOVE)
    top = pl.when(pl.col("spent").is_not_null()).then(pl.lit(highest))
    scaled = frame.with_columns(pl.col("value") / scale, spent=top / scale)
    styles = look.styles or _free_styles(frame["series"].unique(maintain_order=True).to_list())
    is_named = not _are_numbers(frame["x"].to_list())
    if is_named:
        scaled = _side_by_side(scaled)
    with look.context():
        width_in = max(_PANEL_IN * len(panels) + _LABELS_IN, _LEAST_IN)
        figure = look.figure(width_in, _HEIGHT_IN, pad_in=0.12)  # so that tick labels do not touch
        pitch_in = (figure.get_figwidth() - look.mark(_LABELS_IN)) / len(panels)
        row = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
        labels: list[EndLabel] = []
        for axes, panel in zip(row, panels, strict=True):
            labels = _draw(axes, scaled.filter(pl.col("panel") == panel), styles, is_named, look)
            lines = wrap(panel, look.letters(_NARROW * pitch_in), break_long_words=False)
            axes.set_title("\n".join(lines), parse_math=False)
            axes.set_xlabel(axis)
        fit_y(row[0], [value / scale for value in seen], quantity.unit)
        room_in = (figure.get_figwidth() - _LABELS_IN) / len(panels) - 0.3
        _x_axis(row, frame, room_in, look)
        row[0].set_ylabel(quantity.text.format(target=target) + unit)
        look.note(figure, _notes(frame))
        figure.draw_without_rendering()
        end_labels(row[-1], labels, look)
    return figure


def _free_styles(names: Sequence[str]) -> dict[str, LineStyle]:
    """All colours, then all colours with other dashes."""
    free = [LineStyle(colour, dashes) for dashes in DASHES for colour in COLOURS]
    return {name: free[i % len(free)] for i, name in enumerate(names)}


def _side_by_side(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with the positions of the arms apart, so that no point hides another."""
    names = frame["series"].unique(maintain_order=True).to_list()
    aside = {
        name: _ASIDE * ((i + 0.5) / len(names) - 0.5) if len(names) > 1 else 0.0
        for i, name in enumerate(names)
    }
    moved = pl.col("series").replace_strict(aside, return_dtype=pl.Float64)
    return frame.with_columns(pl.col("position") + moved)


def _draw(
    axes: Axes, frame: pl.DataFrame, styles: Mapping[str, LineStyle], is_named: bool, look: Look
) -> list[EndLabel]:
    labels, aside = [], _missed_aside(frame)
    for name in frame["series"].unique(maintain_order=True):
        colour, dashes = styles[name].colour, styles[name].dashes
        rows = frame.filter(pl.col("series") == name).sort("position")
        means = series_means(rows)
        joined: Any = "none" if is_named else dashes
        dots: Any = {"marker": "o", "ms": look.mark(4.5)}
        axes.plot(means["position"], means["mean"], color=colour, ls=joined, **dots)
        position, low, high = (means[c].to_numpy() for c in ("position", "low", "high"))
        if is_named:
            axes.vlines(position, low, high, color=colour, alpha=0.4, lw=look.mark(4))
        else:
            axes.fill_between(position, low, high, color=colour, alpha=0.15, lw=0)
        if rows["seed"].n_unique() > 1:
            dots = {"marker": ".", "ms": look.mark(4), "alpha": 0.5}
            axes.plot(rows["position"], rows["value"], color=colour, ls="none", **dots)
        missed = _unreached(rows)
        hollow: Any = {"mfc": "white", "mec": colour, "ms": look.mark(7), "clip_on": False}
        moved = _moved(axes, look.mark(aside.get(name, 0.0)) / 72)
        (marks,) = axes.plot(missed["position"], missed["spent"], "^", transform=moved, **hollow)
        marks.set_in_layout(False)  # without marks it would lie at the edge of the figure
        if name:
            labels.append(_end(name, rows, means, colour))
    return labels


def _missed_aside(frame: pl.DataFrame) -> dict[str, float]:
    """By series, how many points its marks of missed targets lie aside, so that none hides
    another's; nothing if all lie apart."""
    missed = _unreached(frame).select("series", "position").unique(maintain_order=True)
    names = missed["series"].unique(maintain_order=True).to_list()
    if missed["position"].is_unique().all():
        return {}
    return {name: _MISSED_POINTS * (i - (len(names) - 1) / 2) for i, name in enumerate(names)}


def _moved(axes: Axes, right_in: float) -> Transform:
    """The places of data, so many inches to the right."""
    return axes.transData + ScaledTranslation(right_in, 0.0, axes.figure.dpi_scale_trans)


def series_means(rows: pl.DataFrame) -> pl.DataFrame:
    """Return columns position, mean, low, high of a series; null unless all seeds have a value."""
    means: list[tuple[float | None, ...]] = []
    for (position,), group in rows.group_by("position", maintain_order=True):
        if group["value"].null_count():
            means.append((position, None, None, None))
        else:
            is_amount = "spent" in group.columns and group["spent"].null_count() == 0
            estimate = mean_interval(group["value"].to_list(), is_amount=is_amount)
            means.append((position, estimate.mean, estimate.low, estimate.high))
    schema = dict.fromkeys(("position", "mean", "low", "high"), pl.Float64)
    return pl.DataFrame(means, schema=schema, orient="row")


def _end(name: str, rows: pl.DataFrame, means: pl.DataFrame, colour: str) -> EndLabel:
    """The label at the end of the line; without a line, at its last mark."""
    known = means.drop_nulls("mean")
    if len(known):
        return EndLabel(text=name, x=known["position"][-1], y=known["mean"][-1], colour=colour)
    last = rows.select("position", y=pl.coalesce("value", "spent")).row(-1)
    return EndLabel(text=name, x=last[0], y=last[1], colour=colour)


def _unreached(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("value").is_null() & pl.col("spent").is_not_null())


def _x_axis(row: Sequence[Axes], frame: pl.DataFrame, room_in: float, look: Look) -> None:
    """Set x axes of numbers, logarithmic for a wide range, or of names at equal distances.

    room_in: the width of a panel, for as many tick labels as do not touch.
    """
    points = frame.select("position", "x").unique(maintain_order=True).sort("position")
    positions = points["position"].to_list()
    axes, names = row[0], points["x"].to_list()
    is_named, is_log = not _are_numbers(names), False
    if is_wide(positions) and not is_named:
        is_log = True
        axes.set_xscale("log")
        plain_log(axes.xaxis, max(positions) / min(positions))
        axes.set_xlim(min(positions) / 1.15, max(positions) * 1.15)
    else:
        room = 0.5 if is_named else 0.04 * (max(positions) - min(positions)) or 0.5
        axes.set_xlim(min(positions) - room, max(positions) + room)
    if is_named:
        for panel in row:
            name_ticks(panel, positions, names, room_in, look)
    elif len(positions) <= _MOST_TICKS:
        at = [math.log(position) for position in positions] if is_log else positions
        extent = (at[-1] - at[0]) or 1.0
        names = [plain_number(name) for name in names]
        rooms = [(len(name) + 1.5) / look.letters(room_in) for name in names]
        shown = apart([(place - at[0]) / extent for place in at], rooms)
        value_ticks(axes.xaxis, [positions[i] for i in shown], [names[i] for i in shown])


def _notes(frame: pl.DataFrame) -> str:
    n_seeds = frame["seed"].n_unique()
    notes = ["single seed" if n_seeds == 1 else f"mean of {n_seeds} seeds, {bounds_text(n_seeds)}"]
    if len(_unreached(frame)):
        notes.append("△ not reached by the run's end: no value")
    return " · ".join(notes)


def _positions(values: Sequence[Any]) -> Mapping[str, float]:
    """Position by coordinate: numbers at their value, names in the study's order."""
    texts = list(dict.fromkeys(map(coordinate, values)))
    if _are_numbers(texts):
        return {text: float(text) for text in texts}
    return {text: float(i) for i, text in enumerate(texts)}


def _are_numbers(texts: Sequence[str]) -> bool:
    try:
        return all(float(text) < float("inf") for text in texts)
    except ValueError:
        return False


def _place(
    study: Study, arm: str, axis: str, positions: Mapping[str, float]
) -> tuple[str, str, str, float]:
    """Series, panel, x and position of an arm."""
    place = study.coordinates[arm]
    others = [place_name(n, study.axes[n], value) for n, value in place.items() if n != axis]
    x = coordinate(place[axis])
    return series_of(arm, place), ", ".join(others), x, positions[x]
