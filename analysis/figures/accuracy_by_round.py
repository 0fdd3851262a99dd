"""Figure: accuracy against rounds of the winning lineage or client updates, without time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from analysis.measures import accuracy_curve
from analysis.reading.arms import labels_of
from analysis.reading.grid import has_mixed_modes, updates_a_round
from analysis.reading.run import Run
from analysis.reading.study import Study
from analysis.statistics.estimates import mean_band
from analysis.tables.text import bounds_text

from .drawing.labels import ROOM, EndLabel, end_labels
from .drawing.line_styles import arm_styles
from .drawing.look import LOOK, Look

_SIZE_IN = (7.2, 4.2)
_BESIDE_IN = 0.9  # for the names of the y axis
_MOST_TICKS = 10


def accuracy_by_round_frame(study: Study) -> pl.DataFrame:
    """Return columns arm, round, updates, mean, low, high, n_seeds of accuracy (0-1).

    Rounds are those that all seeds of the arm evaluated: a mean of other seeds at every second
    round would jump. Unfinished runs are left out, unless an arm has no others. updates: the client
    updates that so many rounds ask for. Raises ValueError without such a round.
    """
    parts = []
    for arm in study.arms:
        runs = study.runs_of(arm)
        finished = [run for run in runs if run.is_finished] or runs
        curves = [curve for run in finished if len(curve := _by_round(run))]
        if not curves:
            continue
        shared = sorted(set.intersection(*(set(curve["round"]) for curve in curves)))
        held = [curve.filter(pl.col("round").is_in(shared))["accuracy"] for curve in curves]
        mean, low, high = mean_band(np.array([accuracies.to_numpy() for accuracies in held]))
        columns = {"round": shared, "mean": mean, "low": low, "high": high}
        of_arm = pl.DataFrame(columns, schema_overrides={"round": pl.Int64}).with_columns(
            arm=pl.lit(arm),
            updates=pl.col("round") * updates_a_round(runs[0]),
            n_seeds=pl.lit(len(curves)),
        )
        parts.append(of_arm)
    if not parts or not sum(map(len, parts)):
        raise ValueError("no round was evaluated by all seeds of an arm")
    return pl.concat(parts).select("arm", "round", "updates", "mean", "low", "high", "n_seeds")


def accuracy_by_round(frame: pl.DataFrame, study: Study, look: Look = LOOK) -> Figure:
    """Draw one line per arm, with a band of the range or interval over seeds.

    Over client updates if arms of several modes meet, whose rounds are not the same work.
    """
    styles = look.styles or arm_styles(study)
    effort = "updates" if has_mixed_modes(study.runs) else "round"
    with look.context():
        figure = look.figure(*_SIZE_IN)
        axes = figure.subplots()
        ends, labels = [], labels_of(study)
        for arm in frame["arm"].unique(maintain_order=True):
            own, style = frame.filter(pl.col("arm") == arm), styles[arm]
            axes.plot(own[effort], own["mean"], color=style.colour, ls=style.dashes)
            rounds, low, high = (own[column].to_numpy() for column in (effort, "low", "high"))
            axes.fill_between(rounds, low, high, color=style.colour, alpha=0.15, lw=0)
            end = own.select(effort, "mean").row(-1)
            axes.plot(*end, "o", color=style.colour, ms=look.mark(5.5), clip_on=False)
            ends.append(EndLabel(text=labels[arm], x=end[0], y=end[1], colour=style.colour))
        most = max(frame[effort].to_list()) or 1
        axes.set_xlim(0, most)
        room = look.letters(figure.get_figwidth() * (1 - ROOM) - _BESIDE_IN)
        nbins = min(_MOST_TICKS, max(2, room // (len(str(most)) + 1)))
        axes.xaxis.set_major_locator(MaxNLocator(nbins, integer=True))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        axes.set_xlabel("round" if effort == "round" else "client updates")
        axes.set_ylabel(f"{study.runs[0].report_on} {study.runs[0].metric}")
        look.note(figure, _note(frame, study))
        figure.draw_without_rendering()
        end_labels(axes, ends, look)
    return figure


def _by_round(run: Run) -> pl.DataFrame:
    """The accuracy curve with one evaluation a round, the last."""
    curve = accuracy_curve(run)
    return curve.unique("round", keep="last", maintain_order=True).sort("round")


def _by_arm(study: Study) -> list[Sequence[Run]]:
    return [study.runs_of(arm) for arm in study.arms]


def _note(frame: pl.DataFrame, study: Study) -> str:
    n_seeds = max(frame["n_seeds"].to_list())
    notes = [
        "single seed" if n_seeds == 1 else f"mean of up to {n_seeds} seeds, {bounds_text(n_seeds)}"
    ]
    if any(0 < sum(run.is_finished for run in runs) < len(runs) for runs in _by_arm(study)):
        notes.append("without unfinished runs")
    if missing := [arm for arm in study.arms if arm not in set(frame["arm"])]:
        notes.append(f"no round that all seeds evaluated: {', '.join(missing)}")
    return " · ".join(notes)
