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


def accuracy_curve(run: Run) -> pl.DataFrame:
    """Return columns t_s, round, accuracy (0-1) on the reported split; each state once, by time."""
    reported = run.evaluations.filter(pl.col("split") == run.report_on)
    unique = reported.unique("state", keep="first", maintain_order=True)
    return unique.select("t_s", "round", "accuracy")


def moving_mean(curve: pl.DataFrame) -> pl.Series:
    """Return the mean accuracy of each evaluation and the two before it; null for the first two."""
    return curve["accuracy"].rolling_mean(MEAN_OF)


def best_accuracy(runs: Sequence[Run]) -> float | None:
    """Return the mean over runs of the maximum moving mean; None if a run has no moving mean."""
    return _mean_of_all([highest(moving_mean(accuracy_curve(run))) for run in runs])


def best_arm(study: Study) -> tuple[str, float] | None:
    """Return the arm with the highest best_accuracy, and the accuracy; ties go to the first arm."""
    scored = [(arm, best_accuracy(study.runs_of(arm))) for arm in study.arms]
    known = [(arm, accuracy) for arm, accuracy in scored if accuracy is not None]
    return max(known, key=lambda pair: pair[1], default=None)


def final_accuracy(run: Run) -> float | None:
    """Return the last accuracy (0-1) on the reported split, or None."""
    accuracies = accuracy_curve(run)["accuracy"]
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
