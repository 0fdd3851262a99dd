"""Time, rounds, bytes and energy until a run reaches a target accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import polars as pl

from analysis.reading.run import Run

from .curve import accuracy_curve, highest, smoothed_curve

Crossing = Literal["sustained", "first"]
"""When a target counts as reached; docs/metrics.md has the formula.

sustained: the moving mean of three evaluations is at or above the target and never falls below it
again by more than its standard error. first: a single evaluation is at or above the target.
"""

_ROUNDING = 1e-12
"""Tolerance: accuracies are ratios of counts, and 294 / 490 must reach a target of 0.6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What one run spent until it reached a target.

    Simulated seconds, aggregated rounds of the winning lineage, and bytes (down and up) and joules
    of all clients at work, wasted work included; idle_joules: of waiting and idle clients.
    """

    seconds: float
    rounds: int
    bytes: int
    joules: float
    idle_joules: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of a target: simulated hours; megabytes (10^6 bytes) and kilojoules per client."""

    hours: float
    mbytes_per_client: float
    kilojoules_per_client: float
    idle_kilojoules_per_client: float


def check_target(target: float) -> None:
    """Raise ValueError for a target accuracy that is not above 0 and at most 1."""
    if not 0 < target <= 1:
        raise ValueError(f"a target must be above 0 and at most 1, got {target:g}")


def crossing_s(run: Run, target: float, kind: Crossing = "sustained") -> float | None:
    """Return the simulated second at which the run reached the target, or None."""
    crossed = _crossed(run, target, kind)
    return None if crossed is None else crossed[0]


def effort_to(run: Run, target: float, kind: Crossing = "sustained") -> Effort | None:
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
        idle_joules=float(paid["idle_j"].sum()),
    )


def cost_to_accuracy(
    runs: Sequence[Run], target: float, kind: Crossing = "sustained"
) -> Cost | None:
    """Return means over the runs of an arm; None unless all runs reach the target."""
    costs = [cost_of_run(run, target, kind) for run in runs]
    reached = [cost for cost in costs if cost is not None]
    if not reached or len(reached) < len(costs):
        return None
    return Cost(
        hours=fmean(cost.hours for cost in reached),
        mbytes_per_client=fmean(cost.mbytes_per_client for cost in reached),
        kilojoules_per_client=fmean(cost.kilojoules_per_client for cost in reached),
        idle_kilojoules_per_client=fmean(cost.idle_kilojoules_per_client for cost in reached),
    )


def cost_of_run(run: Run, target: float, kind: Crossing = "sustained") -> Cost | None:
    """Return the effort in hours, with bytes and joules per client of the population."""
    effort = effort_to(run, target, kind)
    if effort is None:
        return None
    return Cost(
        hours=effort.seconds / 3600,
        mbytes_per_client=effort.bytes / 1e6 / run.n_clients,
        kilojoules_per_client=effort.joules / 1e3 / run.n_clients,
        idle_kilojoules_per_client=effort.idle_joules / 1e3 / run.n_clients,
    )


def highest_reached(run: Run, kind: Crossing = "sustained") -> float | None:
    """Return the highest target (0-1) that the run reaches, or None."""
    return highest(_levels(run, kind)["level"])


def _crossed(run: Run, target: float, kind: Crossing) -> tuple[float, int] | None:
    """Second and round of the first evaluation that counts as reaching the target."""
    reached = _levels(run, kind).filter(pl.col("level") >= target - _ROUNDING)
    return None if reached.is_empty() else (float(reached["t_s"][0]), int(reached["round"][0]))


def _levels(run: Run, kind: Crossing) -> pl.DataFrame:
    """Columns t_s, round, level: the highest target that counts as reached at each evaluation.

    For a sustained crossing at i: the least of m_i and of all later m_j + error_j.
    """
    if kind == "first":
        trained = accuracy_curve(run).filter(pl.col("round") > 0)
        return trained.select("t_s", "round", level="accuracy")
    later = (pl.col("mean") + pl.col("error")).reverse().cum_min().reverse().shift(-1)
    return smoothed_curve(run).select("t_s", "round", level=pl.min_horizontal("mean", later))
