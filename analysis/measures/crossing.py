"""Time, rounds, bytes and energy until a run reaches a target accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import polars as pl

from analysis.reading.run import Run

from .curve import accuracy_curve

SUSTAINED_FOR = 3
"""Consecutive evaluations at or above the target for a sustained crossing."""

Crossing = Literal["first", "sustained"]

_ROUNDING = 1e-12
"""Tolerance: accuracies are ratios of counts, and 294 / 490 must reach a target of 0.6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What one run spent until it reached a target.

    Simulated seconds, aggregated rounds of the winning lineage, and bytes (down and up) and joules
    of all clients, wasted work included.
    """

    seconds: float
    rounds: int
    bytes: int
    joules: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of a target: simulated hours; megabytes (10^6 bytes) and kilojoules per client."""

    hours: float
    mbytes_per_client: float
    kilojoules_per_client: float


def crossing_s(run: Run, target: float, kind: Crossing = "first") -> float | None:
    """Return the simulated second of the first evaluation at or above the target, or None.

    kind "sustained": the first of `SUSTAINED_FOR` consecutive evaluations at or above the target.
    """
    crossed = _crossed(run, target, kind)
    return None if crossed is None else crossed[0]


def effort_to(run: Run, target: float, kind: Crossing = "first") -> Effort | None:
    """Return what the run had spent when it reached the target; None if it did not.

    Counts the rounds that had ended by then, including losing branches and cut rounds.
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
    """Return means over the runs of an arm; None unless all runs reach the target."""
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
    """Return the effort in hours, with bytes and joules per client of the population."""
    effort = effort_to(run, target, kind)
    if effort is None:
        return None
    return Cost(
        hours=effort.seconds / 3600,
        mbytes_per_client=effort.bytes / 1e6 / run.n_clients,
        kilojoules_per_client=effort.joules / 1e3 / run.n_clients,
    )


def _crossed(run: Run, target: float, kind: Crossing) -> tuple[float, int] | None:
    """Second and round of the first evaluation that counts as reaching the target."""
    n = SUSTAINED_FOR if kind == "sustained" else 1
    curve = accuracy_curve(run).with_columns(
        is_held=pl.col("accuracy").rolling_min(n).shift(1 - n) >= target - _ROUNDING
    )
    held = curve.filter("is_held")
    return None if held.is_empty() else (float(held["t_s"][0]), int(held["round"][0]))
