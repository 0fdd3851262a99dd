"""The measures of docs/metrics.md, one function each: from runs to a number or a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import polars as pl

from .load import Run, Study

MEAN_OF = 3
"""Evaluations in the moving mean."""

_ROUNDING = 1e-12
"""Accuracies are ratios of counts; a target of 0.6 must be met by 294 of 490."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a target cost: simulated hours, and megabytes (10^6) and kilojoules per client."""

    hours: float
    mbytes_per_client: float
    kilojoules_per_client: float


def accuracy_curve(run: Run) -> pl.DataFrame:
    """Columns t_s, round, accuracy (0-1) on the reported split, each state once, in time order."""
    reported = run.evaluations.filter(pl.col("split") == run.report_on)
    unique = reported.unique("state", keep="first", maintain_order=True)
    return unique.select("t_s", "round", "accuracy")


def moving_mean(curve: pl.DataFrame) -> pl.Series:
    """Mean accuracy of each evaluation and the two before it; null for the first two."""
    return curve["accuracy"].rolling_mean(MEAN_OF)


def best_accuracy(runs: Sequence[Run]) -> float | None:
    """Mean over the runs of the maximum of the moving mean; None if a run has no moving mean."""
    return _mean_of_all([_highest(moving_mean(accuracy_curve(run))) for run in runs])


def best_arm(study: Study) -> tuple[str, float] | None:
    """The arm with the highest best_accuracy, and that accuracy; ties go to the first name."""
    scored = [(arm, best_accuracy(study.runs_of(arm))) for arm in study.arms]
    known = [(arm, accuracy) for arm, accuracy in scored if accuracy is not None]
    return max(known, key=lambda pair: pair[1], default=None)


def crossing_s(run: Run, target: float) -> float | None:
    """Simulated seconds of the first evaluation whose accuracy is at least the target."""
    reached = accuracy_curve(run).filter(pl.col("accuracy") >= target - _ROUNDING)
    return None if reached.is_empty() else float(reached["t_s"][0])


def cost_to_accuracy(runs: Sequence[Run], target: float) -> Cost | None:
    """Means over the runs of an arm; None unless every one of them reaches the target."""
    costs = [_cost_of_run(run, target) for run in runs]
    reached = [cost for cost in costs if cost is not None]
    if len(reached) < len(costs):
        return None
    return Cost(
        hours=fmean(cost.hours for cost in reached),
        mbytes_per_client=fmean(cost.mbytes_per_client for cost in reached),
        kilojoules_per_client=fmean(cost.kilojoules_per_client for cost in reached),
    )


def full_arms(study: Study) -> tuple[str, ...]:
    """The arms that fine-tune everything, told by their rounds and not by their names."""
    return tuple(arm for arm in study.arms if all(run.is_full for run in study.runs_of(arm)))


def full_hours(study: Study, target: float) -> float | None:
    """Hours of the fastest full fine-tuning arm to the target: what a speed-up is measured by."""
    costs = [cost_to_accuracy(study.runs_of(arm), target) for arm in full_arms(study)]
    return min((cost.hours for cost in costs if cost is not None), default=None)


def full_highest(study: Study) -> float | None:
    """The highest accuracy that a full fine-tuning arm reached in all of its runs."""
    levels = []
    for arm in full_arms(study):
        highest = [_highest(accuracy_curve(run)["accuracy"]) for run in study.runs_of(arm)]
        reached = [level for level in highest if level is not None]
        if len(reached) == len(highest):
            levels.append(min(reached))
    return max(levels, default=None)


def configuration_path(run: Run) -> pl.DataFrame:
    """Columns t_s, depth, width, is_decision: the configuration that goes on from t_s.

    Rows are the start (of a first trial with several branches, the smallest of them: no
    branch shrinks), the first round of each one-branch trial, and each decision.
    """
    is_alone = pl.col("branch").n_unique().over("trial") == 1
    starts = (
        run.rounds.filter(is_alone | (pl.col("trial") == pl.min("trial")))
        .sort("trial", "depth", "width", "start_s")
        .unique("trial", keep="first", maintain_order=True)
        .select(pl.col("start_s").alias("t_s"), "depth", "width", is_decision=False)
    )
    decided = run.decisions.select("t_s", "depth", "width", is_decision=True)
    return pl.concat([starts, decided]).sort("t_s", maintain_order=True)


def is_moving(run: Run) -> bool:
    """Whether the run's configuration ever changes."""
    return configuration_path(run).select("depth", "width").n_unique() > 1


def _cost_of_run(run: Run, target: float) -> Cost | None:
    crossed_s = crossing_s(run, target)
    if crossed_s is None:
        return None
    paid = run.rounds.filter(pl.col("t_s") <= crossed_s)
    n_bytes = int(paid["down_bytes"].sum()) + int(paid["up_bytes"].sum())
    return Cost(
        hours=crossed_s / 3600,
        mbytes_per_client=n_bytes / 1e6 / run.n_clients,
        kilojoules_per_client=float(paid["energy_j"].sum()) / 1e3 / run.n_clients,
    )


def _highest(accuracies: pl.Series) -> float | None:
    known = accuracies.drop_nulls().to_list()
    return max(known, default=None)


def _mean_of_all(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None
