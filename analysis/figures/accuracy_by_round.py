"""Figure: accuracy against the rounds of the winning lineage, without simulated time."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from analysis.measures import accuracy_curve
from analysis.reading.arms import labels_of
from analysis.reading.study import Study
from analysis.statistics.estimates import mean_band
from analysis.tables.text import bounds_text

from .drawing.labels import EndLabel, end_labels
from .drawing.line_styles import arm_styles
from .drawing.look import LOOK, Look

_SIZE_IN = (7.2, 4.2)


def accuracy_by_round_frame(study: Study) -> pl.DataFrame:
    """Return columns arm, round, mean, low, high, n_seeds of accuracy (0-1).

    Rounds are those that any seed of the arm evaluated; means are over the n_seeds seeds that had
    got that far. Between evaluations a seed keeps its last accuracy. Raises ValueError without
    evaluations.
    """
    parts = []
    for arm in study.arms:
        curves = [accuracy_curve(run).sort("round") for run in study.runs_of(arm)]
        rounds = np.unique(np.concatenate([curve["round"].to_numpy() for curve in curves]))
        held = np.array([_held(curve, rounds) for curve in curves])  # (n_seeds, n_rounds)
        n_seeds = np.isfinite(held).sum(axis=0)
        for n in np.unique(n_seeds[n_seeds > 0]):
            at = n_seeds == n
            values = np.sort(held[:, at], axis=0)[:n]  # NaN is sorted to the end
            mean, low, high = mean_band(values)
            columns = {"round": rounds[at], "mean": mean, "low": low, "high": high}
            parts.append(
                pl.DataFrame(columns).with_columns(arm=pl.lit(arm), n_seeds=pl.lit(int(n)))
            )
    if not parts:
        raise ValueError("no run has an evaluation")
    order = pl.DataFrame({"arm": study.arms}).with_row_index("place")
    rows = pl.concat(parts).join(order, on="arm").sort("place", "round")
    return rows.select("arm", "round", "mean", "low", "high", "n_seeds")


def accuracy_by_round(frame: pl.DataFrame, study: Study, look: Look = LOOK) -> Figure:
    """Draw one line per arm, with a band of the range or interval over seeds."""
    styles = look.styles or arm_styles(study)
    with look.context():
        figure = look.figure(*_SIZE_IN)
        axes = figure.subplots()
        ends, labels = [], labels_of(study)
        for arm in frame["arm"].unique(maintain_order=True):
            own, style = frame.filter(pl.col("arm") == arm), styles[arm]
            axes.plot(own["round"], own["mean"], color=style.colour, ls=style.dashes)
            rounds, low, high = (own[column].to_numpy() for column in ("round", "low", "high"))
            axes.fill_between(rounds, low, high, color=style.colour, alpha=0.15, lw=0)
            end = own.select("round", "mean").row(-1)
            axes.plot(*end, "o", color=style.colour, ms=5.5, clip_on=False)
            ends.append(EndLabel(text=labels[arm], x=end[0], y=end[1], colour=style.colour))
        axes.set_xlim(0, max(frame["round"].to_list()) or 1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        axes.set_xlabel("round")
        axes.set_ylabel(f"{study.runs[0].report_on} {study.runs[0].metric}")
        n_seeds = max(frame["n_seeds"].to_list())
        title = (
            "single seed"
            if n_seeds == 1
            else f"mean of up to {n_seeds} seeds, {bounds_text(n_seeds)}"
        )
        look.note(figure, title)
        figure.draw_without_rendering()
        end_labels(axes, ends, look)
    return figure


def _held(curve: pl.DataFrame, rounds: NDArray[np.int64]) -> NDArray[np.float64]:
    """The last accuracy up to each round; NaN before the first and after the last evaluation."""
    own, accuracies = curve["round"].to_numpy(), curve["accuracy"].to_numpy()
    last = np.searchsorted(own, rounds, side="right") - 1
    is_known = (last >= 0) & (rounds <= own.max(initial=-1))
    padded = np.append(accuracies, np.nan)  # for index -1
    return np.where(is_known, padded[last], np.nan)
