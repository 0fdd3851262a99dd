"""The measured rounds of a world beside their prediction: rounds, stages, totals and order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import kendalltau

_STAGES = ("down_s", "compute_s", "up_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmError:
    """The error of one arm's prediction, as fractions of the measured seconds.

    `round_*`: of the absolute errors of all rounds of all repeats, each against the round of the
    same number as predicted before that repeat. `noise`: the median absolute deviation of a round
    from the mean of its repeats. `total`: of the mean of the repeats, signed. `stages`: signed, of
    the sums of seconds down, of computing, and up. `given_compute`: the median error of a round in
    which every client's computing takes as long as it did, so that transfers alone are predicted.
    """

    arm: str
    variant: str
    n_rounds: int
    n_repeats: int
    measured_s: float
    predicted_s: float
    round_median: float
    round_p90: float
    total: float
    noise: float
    stages: tuple[float, float, float]
    given_compute: float


def read_world(directory: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The measured and the predicted rows of a world."""
    return pl.read_csv(directory / "measured.csv"), pl.read_csv(directory / "predicted.csv")


def round_seconds(rows: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """The length of every round, by the keys and `round`."""
    return (
        rows.group_by(*keys, "round", maintain_order=True)
        .agg(pl.col("start_s").min(), pl.col("round_end_s").max())
        .with_columns(seconds=pl.col("round_end_s") - pl.col("start_s"))
    )


def errors(measured: pl.DataFrame, predicted: pl.DataFrame) -> list[ArmError]:
    """One for each arm and variant, in the order of the tables."""
    return [
        _arm_error(
            arm,
            variant,
            measured.filter(pl.col("arm") == arm),
            predicted.filter(pl.col("arm") == arm, pl.col("variant") == variant),
        )
        for arm in measured["arm"].unique(maintain_order=True)
        for variant in predicted["variant"].unique(maintain_order=True)
    ]


def _arm_error(arm: str, variant: str, measured: pl.DataFrame, predicted: pl.DataFrame) -> ArmError:
    own = round_seconds(measured, "repeat")
    told = round_seconds(predicted, "repeat")
    both = own.join(told.select("repeat", "round", predicted="seconds"), on=("repeat", "round"))
    absolute = (both["predicted"] / both["seconds"] - 1.0).abs()
    mean = own.group_by("round").agg(mean=pl.col("seconds").mean())
    spread = (
        own.join(mean, on="round").select(pl.col("seconds") / pl.col("mean") - 1.0)
    ).to_series()
    measured_s, predicted_s = _mean_total_s(own), _mean_total_s(told)
    return ArmError(
        arm=arm,
        variant=variant,
        n_rounds=len(own),
        n_repeats=own["repeat"].n_unique(),
        measured_s=measured_s,
        predicted_s=predicted_s,
        round_median=float(np.median(absolute.to_numpy())),
        round_p90=float(np.quantile(absolute.to_numpy(), 0.9)),
        total=predicted_s / measured_s - 1.0,
        noise=float(np.median(spread.abs().to_numpy())),
        stages=_stage_errors(measured, predicted),
        given_compute=_given_compute(measured, predicted),
    )


def _mean_total_s(rounds: pl.DataFrame) -> float:
    """Seconds of a run, as the mean of its repeats."""
    total_s = rounds.group_by("repeat").agg(pl.col("round_end_s").max())["round_end_s"].mean()
    assert isinstance(total_s, float)
    return total_s


def _stage_errors(measured: pl.DataFrame, predicted: pl.DataFrame) -> tuple[float, float, float]:
    """Of the clients that finished, in both: summed seconds predicted over measured, minus 1."""
    keys = ("repeat", "round", "client")
    both = measured.filter(pl.col("outcome") == "done").join(
        predicted.filter(pl.col("outcome") == "done"), on=keys, suffix="_predicted"
    )
    down, compute, up = (
        float(both[f"{stage}_predicted"].sum()) / float(both[stage].sum()) - 1.0
        if len(both)
        else 0.0
        for stage in _STAGES
    )
    return down, compute, up


def _given_compute(measured: pl.DataFrame, predicted: pl.DataFrame) -> float:
    """The median absolute error of a round with the measured seconds of computing."""
    both = measured.join(
        predicted.select("repeat", "round", "client", "down_s", "up_s"),
        on=("repeat", "round", "client"),
        suffix="_predicted",
    )
    spent = (
        both.group_by("repeat", "round")
        .agg(
            own=(pl.col("down_s") + pl.col("compute_s") + pl.col("up_s")).max(),
            told=(
                pl.col("down_s_predicted") + pl.col("compute_s") + pl.col("up_s_predicted")
            ).max(),
        )
        .drop_nulls()
    )
    absolute = (spent["told"] / spent["own"] - 1.0).abs()
    return float(np.median(absolute.to_numpy())) if len(absolute) else 0.0


def order_agreement(found: Sequence[ArmError], variant: str) -> float:
    """Kendall's tau between the measured and the predicted order of the arms by seconds a round.

    1: the same order; nan for one arm.
    """
    own = [one for one in found if one.variant == variant]
    seconds = [one.measured_s * one.n_repeats / one.n_rounds for one in own]
    told = [one.predicted_s * one.n_repeats / one.n_rounds for one in own]
    return float(kendalltau(seconds, told).statistic)
