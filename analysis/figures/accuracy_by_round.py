"""Accuracy against the rounds of the lineage that counts: learning without the clock."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from analysis.load import Study
from analysis.looks import arm_looks
from analysis.measures import accuracy_curve
from analysis.stats import mean_band
from analysis.style import QUIET, STYLE, EndLabel, end_labels

_SIZE_IN = (7.2, 4.2)


def accuracy_by_round_frame(study: Study) -> pl.DataFrame:
    """Columns arm, round, mean, low, high, n_seeds: accuracy (0-1) at each round that any seed of
    the arm evaluated, over the seeds that had got there; the last evaluation holds until the next.

    Raises ValueError if nothing was evaluated.
    """
    parts = []
    for arm in study.arms:
        curves = [accuracy_curve(run) for run in study.runs_of(arm)]
        for n_round in sorted({r for curve in curves for r in curve["round"]}):
            known = [_held(curve, n_round) for curve in curves]
            values = [value for value in known if value is not None]
            if values:
                mean, low, high = (float(v[0]) for v in mean_band(np.array(values)[:, None]))
                parts.append((arm, n_round, mean, low, high, len(values)))
    if not parts:
        raise ValueError("nothing was evaluated")
    columns = ["arm", "round", "mean", "low", "high", "n_seeds"]
    return pl.DataFrame(parts, schema=columns, orient="row")


def accuracy_by_round(frame: pl.DataFrame, study: Study) -> Figure:
    """A line an arm in its colour of every figure, with a band of the 95 % interval over seeds."""
    looks = arm_looks(study)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=_SIZE_IN, layout="constrained")
        axes = figure.subplots()
        ends = []
        for arm in frame["arm"].unique(maintain_order=True):
            own, look = frame.filter(pl.col("arm") == arm), looks[arm]
            axes.plot(own["round"], own["mean"], color=look.colour, ls=look.dashes)
            axes.fill_between(
                own["round"].to_numpy(),
                own["low"].to_numpy(),
                own["high"].to_numpy(),
                color=look.colour,
                alpha=0.15,
                lw=0,
            )
            ends.append(
                EndLabel(
                    text=arm,
                    x=float(own["round"].to_list()[-1]),
                    y=float(own["mean"].to_list()[-1]),
                    colour=look.colour,
                )
            )
        axes.set_xlim(0, max(frame["round"].to_list()) or 1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        axes.set_xlabel("round")
        axes.set_ylabel(f"{study.runs[0].report_on} accuracy")
        n_seeds = max(frame["n_seeds"].to_list())
        told = "single seed" if n_seeds == 1 else f"mean of up to {n_seeds} seeds, 95 % interval"
        axes.set_title(told, color=QUIET, pad=10)
        figure.draw_without_rendering()
        end_labels(axes, ends)
    return figure


def _held(curve: pl.DataFrame, n_round: int) -> float | None:
    """The accuracy of the last evaluation up to a round, while the run has got that far."""
    known = curve.filter(pl.col("round") <= n_round)
    is_over = curve.is_empty() or max(curve["round"].to_list()) < n_round
    return None if known.is_empty() or is_over else float(known["accuracy"][-1])
