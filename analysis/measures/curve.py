"""Accuracy over simulated time: the curve, its best and final value, its area."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import numpy as np
import polars as pl

from analysis.reading.run import Run
from analysis.reading.study import Study

MEAN_OF = 3
"""Number of evaluations in the moving mean."""

_GRID_COLUMNS = ("t_s", "round", "accuracy", "n_examples")


def accuracy_curve(run: Run) -> pl.DataFrame:
    """Return columns t_s, round, accuracy (0-1) on the reported split; each state once, by time."""
    return _curve(run, _GRID_COLUMNS[:3])


def _curve(run: Run, columns: Sequence[str]) -> pl.DataFrame:
    reported = run.evaluations.filter(pl.col("split") == run.report_on)
    return reported.unique("state", keep="first", maintain_order=True).select(columns)


def grid_curve(run: Run) -> pl.DataFrame:
    """Return the accuracy curve with n_examples, on the grid that all arms share.

    Left out: the untrained state (round 0) and rounds that are no multiple of `run.grid_rounds`. An
    accuracy from a learning curve has no sampling error: of such a run every evaluation is kept.
    """
    curve = _curve(run, _GRID_COLUMNS).filter(pl.col("round") > 0)
    if run.learner == "curve":
        return curve
    return curve.filter(pl.col("round") % run.grid_rounds == 0)


def smoothed_curve(run: Run) -> pl.DataFrame:
    """Return columns t_s, round, mean, error: the moving mean on the grid, from its third point on.

    error: the binomial standard error sqrt(mean (1 - mean) / n_examples). The three evaluations are
    of the same examples, so their mean has the error of one. For a run whose accuracies come from
    a learning curve, mean is the accuracy itself and error is 0.
    """
    grid, is_exact = grid_curve(run), run.learner == "curve"
    mean = pl.col("accuracy") if is_exact else pl.col("accuracy").rolling_mean(MEAN_OF)
    error = (pl.col("mean") * (1 - pl.col("mean")) / pl.col("n_examples")).clip(0.0).sqrt()
    smooth = grid.with_columns(mean=mean).drop_nulls("mean")
    smooth = smooth.with_columns(error=pl.lit(0.0) if is_exact else error)
    return smooth.select("t_s", "round", "mean", "error")


def best_accuracy(runs: Sequence[Run]) -> float | None:
    """Return the mean over runs of `best_of_run`; None if a run has none."""
    return _mean_of_all([best_of_run(run) for run in runs])


def best_of_run(run: Run) -> float | None:
    """Return the maximum moving mean (0-1) on the common grid; None before the third evaluation.

    Of accuracies from a learning curve, which have no error: their maximum.
    """
    return highest(smoothed_curve(run)["mean"])


def best_arm(study: Study) -> tuple[str, float] | None:
    """Return the arm with the highest best_accuracy, and the accuracy; ties go to the first arm."""
    scored = [(arm, best_accuracy(study.runs_of(arm))) for arm in study.arms]
    known = [(arm, accuracy) for arm, accuracy in scored if accuracy is not None]
    return max(known, key=lambda pair: pair[1], default=None)


def is_flat(run: Run) -> bool:
    """Return whether the moving mean gained at most its standard error over the run's last third.

    The last third of the evaluations on the common grid. False with fewer than three moving means.
    """
    smooth = smoothed_curve(run)
    if len(smooth) < MEAN_OF:
        return False
    end = smooth.row(-1, named=True)
    gained: float = end["mean"] - smooth["mean"][2 * len(smooth) // 3 - 1]
    return bool(gained <= end["error"])


def final_accuracy(run: Run) -> float | None:
    """Return the last accuracy (0-1) of a trained state on the reported split, or None."""
    accuracies = accuracy_curve(run).filter(pl.col("round") > 0)["accuracy"]
    return float(accuracies[-1]) if len(accuracies) else None


def mean_accuracy(run: Run, until_s: float) -> float | None:
    """Return the area under the accuracy curve up to `until_s`, divided by `until_s` (0-1).

    The curve is a step function, 0 before the first evaluation. None if the run ends before
    `until_s`.
    """
    if not 0 < until_s <= run.end_s:
        return None
    curve = accuracy_curve(run).filter(pl.col("t_s") < until_s)
    edges_s = np.append(curve["t_s"].to_numpy(), until_s)
    return float(np.sum(curve["accuracy"].to_numpy() * np.diff(edges_s)) / until_s)


def highest(accuracies: pl.Series) -> float | None:
    """Return the largest known value, or None."""
    known = accuracies.drop_nulls().to_list()
    return max(known, default=None)


def _mean_of_all(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None
