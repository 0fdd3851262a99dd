"""When a run reaches a target accuracy, and what that took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import polars as pl

from analysis.reading.load import Run

from .curve import accuracy_curve

SUSTAINED_FOR = 3
"""Evaluations in a row that make a crossing a sustained one."""

Crossing = Literal["first", "sustained"]

_ROUNDING = 1e-12
"""Accuracies are ratios of counts; a target of 0.6 must be met by 294 of 490."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What one run spent until it crossed a target: simulated seconds, aggregated rounds of the
    lineage that counts, and bytes (both ways) and joules of all clients, lost work included."""

    seconds: float
    rounds: int
    bytes: int
    joules: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a target cost: simulated hours, and megabytes (10^6) and kilojoules per client."""

    hours: float
    mbytes_per_client: float
    kilojoules_per_client: float


def crossing_s(run: Run, target: float, kind: Crossing = "first") -> float | None:
    """Simulated seconds of the first evaluation whose accuracy is at least the target; None if
    there is none.

    sustained: of the first that is followed by two more (`SUSTAINED_FOR` in a row).
    """
    crossed = _crossed(run, target, kind)
    return None if crossed is None else crossed[0]


def effort_to(run: Run, target: float, kind: Crossing = "first") -> Effort | None:
    """What the run had spent when it crossed the target; None if it did not.

    A round counts when it has ended by then, losing branches and cut rounds included.
    """
    crossed = _crossed(run, target, kind)
    if crossed is None:
        return None
    paid = run.rounds.filter(pl.col("t_s") <= crossed[0])
    return Effort(
        seconds=crossed[0],
        rounds=crossed[1],
        bytes=int(paid["down_bytes"].sum()) + int(paid["up_bytes"].sum()),
        joules=float(paid["energy_j"].sum()),
    )


def cost_to_accuracy(runs: Sequence[Run], target: float) -> Cost | None:
    """Means over the runs of an arm; None unless every one of them reaches the target."""
    costs = [cost_of_run(run, target) for run in runs]
    reached = [cost for cost in costs if cost is not None]
    if not reached or len(reached) < len(costs):
        return None
    return Cost(
        hours=fmean(cost.hours for cost in reached),
        mbytes_per_client=fmean(cost.mbytes_per_client for cost in reached),
        kilojoules_per_client=fmean(cost.kilojoules_per_client for cost in reached),
    )


def cost_of_run(run: Run, target: float, kind: Crossing = "first") -> Cost | None:
    """The run's effort in hours, and bytes and joules per client of the population."""
    effort = effort_to(run, target, kind)
    if effort is None:
        return None
    return Cost(
        hours=effort.seconds / 3600,
        mbytes_per_client=effort.bytes / 1e6 / run.n_clients,
        kilojoules_per_client=effort.joules / 1e3 / run.n_clients,
    )


def _crossed(run: Run, target: float, kind: Crossing) -> tuple[float, int] | None:
    """Instant and round of the crossing evaluation."""
    n = SUSTAINED_FOR if kind == "sustained" else 1
    curve = accuracy_curve(run).with_columns(
        is_held=pl.col("accuracy").rolling_min(n).shift(1 - n) >= target - _ROUNDING
    )
    held = curve.filter("is_held")
    return None if held.is_empty() else (float(held["t_s"][0]), int(held["round"][0]))
