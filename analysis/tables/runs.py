"""The table of runs: one row per run with its measures, and the quantities to compare runs by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from analysis.measures import (
    Crossing,
    best_arm,
    best_of_run,
    cost_of_run,
    crossing_s,
    effort_to,
    fairness,
    final_accuracy,
    trial_overhead,
    utilisation,
    wasted_work,
)
from analysis.reading.run import Run
from analysis.reading.study import Study

DEFAULT_SHARE = 0.95
"""Default target, as a share of the best accuracy of any arm."""

QuantityName = Literal[
    "time", "bytes", "energy", "rounds", "accuracy", "utilisation", "waste", "overhead", "length"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A column of `run_frame` by which runs are compared, and its name on an axis.

    spent: the column with the amount at the end of the run, a lower bound for a run that did not
    reach the target. None if the quantity does not depend on a target.
    """

    column: str
    text: str
    unit: str
    spent: str | None = None


QUANTITIES: Mapping[QuantityName, Quantity] = {
    "time": Quantity(column="reached_s", text="time to {target}", unit="s", spent="end_s"),
    "bytes": Quantity(
        column="mbytes", text="traffic to {target}", unit="MB per client", spent="end_mbytes"
    ),
    "energy": Quantity(
        column="kilojoules", text="energy to {target}", unit="kJ per client", spent="end_kilojoules"
    ),
    "rounds": Quantity(
        column="rounds", text="rounds to {target}", unit="rounds", spent="end_rounds"
    ),
    "accuracy": Quantity(column="best", text="best accuracy", unit="%"),
    "utilisation": Quantity(column="utilisation", text="clients' time spent on work", unit="%"),
    "waste": Quantity(column="waste", text="wasted work", unit="%"),
    "overhead": Quantity(column="overhead", text="work for losing trial branches", unit="%"),
    "length": Quantity(column="end_s", text="time to the run's end", unit="s"),
}


def default_target(study: Study) -> float | None:
    """Return 95 % of the best accuracy of any arm (0-1); None if no arm has one."""
    best = best_arm(study)
    return None if best is None else DEFAULT_SHARE * best[1]


def run_frame(study: Study, target: float | None, crossing: Crossing = "sustained") -> pl.DataFrame:
    """Return one row per run, in the study's order.

    Columns: arm, seed, all columns named in QUANTITIES, first_s, final and fairness. Null means not
    reached or unknown. first_s is the first crossing, whatever `crossing` the other columns use.
    Shares and accuracies are 0-1; bytes and joules are per client of the population.
    """
    return pl.DataFrame([_row(run, target, crossing) for run in study.runs], schema=_SCHEMA)


_COLUMNS = (
    *("arm", "seed", "reached_s", "first_s", "rounds", "mbytes", "kilojoules", "best", "final"),
    *("utilisation", "waste", "overhead", "fairness"),
    *("end_s", "end_mbytes", "end_kilojoules", "end_rounds"),
)
_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(_COLUMNS, pl.Float64),
    **dict.fromkeys(("seed", "rounds", "end_rounds"), pl.Int64),
    "arm": pl.String,
}


def _row(run: Run, target: float | None, crossing: Crossing) -> dict[str, Any]:
    to_target = dict.fromkeys(("reached_s", "first_s", "rounds", "mbytes", "kilojoules"))
    return {
        "arm": run.arm,
        "seed": run.seed,
        **(to_target if target is None else _to_target(run, target, crossing)),
        "best": best_of_run(run),
        "final": final_accuracy(run),
        "utilisation": utilisation(run),
        "waste": wasted_work(run).seconds_share,
        "overhead": trial_overhead(run).seconds_share,
        "fairness": fairness(run),
        **_spent(run),
    }


def _to_target(run: Run, target: float, crossing: Crossing) -> dict[str, Any]:
    effort, cost = effort_to(run, target, crossing), cost_of_run(run, target, crossing)
    return {
        "reached_s": effort and effort.seconds,
        "first_s": crossing_s(run, target, "first"),
        "rounds": effort and effort.rounds,
        "mbytes": cost and cost.mbytes_per_client,
        "kilojoules": cost and cost.kilojoules_per_client,
    }


def _spent(run: Run) -> dict[str, Any]:
    """The totals of the whole run."""
    totals = run.rounds.select(pl.col("down_bytes", "up_bytes").sum(), pl.col("energy_j").sum())
    down_bytes, up_bytes, joules = totals.row(0)
    return {
        "end_s": run.end_s,
        "end_mbytes": (down_bytes + up_bytes) / 1e6 / run.n_clients,
        "end_kilojoules": joules / 1e3 / run.n_clients,
        "end_rounds": run.evaluations["round"].max() or 0,
    }
