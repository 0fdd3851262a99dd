"""A row of the table of targets: what the seeds of an arm spent to reach one target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

from analysis.measures import (
    Cost,
    Crossing,
    best_of_run,
    cost_of_run,
    excluded_share,
    final_accuracy,
    trial_overhead,
)
from analysis.reading.pricing import timed_as
from analysis.reading.run import Run
from analysis.statistics.estimates import Estimate, mean_interval, paired_difference, speed_up

COLUMNS = (
    *("arm", "target", "hours", "hours_low", "hours_high"),
    *("mbytes_per_client", "kilojoules_per_client"),
    *("speedup", "speedup_low", "speedup_high", "trial_share", "excluded_share"),
    *("n_seeds", "n_reached", "crossing", "interval"),
    *("mbytes_low", "mbytes_high", "kilojoules_low", "kilojoules_high"),
    *("baseline", "ratio", "ratio_low", "ratio_high", "n_common"),
    *("difference_hours", "difference_low", "difference_high", "p", "p_holm"),
    *("final", "final_low", "final_high", "best", "best_low", "best_high"),
    *("target_accuracy", "idle_kilojoules_per_client", "timed_as", "n_speedup"),
)

Costs = Mapping[int, Cost]
"""By seed, for the runs that reached the target."""


def costs_of(runs: Sequence[Run], accuracy: float, crossing: Crossing) -> Costs:
    """Return the cost of the accuracy by seed, for the runs that reached it."""
    costs = {run.seed: cost_of_run(run, accuracy, crossing) for run in runs}
    return {seed: cost for seed, cost in costs.items() if cost is not None}


def empty_row(arm: str, target: str) -> dict[str, Any]:
    """Return a row without numbers."""
    return {"arm": arm, "target": target, **dict.fromkeys(COLUMNS[2:])}


def target_row(
    runs: Sequence[Run], costs: Costs, crossing: Crossing, full: Costs | None
) -> dict[str, Any]:
    """Return the numbers of a row: `full` are the costs of the full fine-tuning arm, if any."""
    row: dict[str, Any] = {"n_seeds": len(runs), "n_reached": len(costs), "crossing": crossing}
    row["trial_share"] = fmean(trial_overhead(run).seconds_share for run in runs)
    row["excluded_share"] = max(excluded_share(run) for run in runs)
    row["timed_as"] = "; ".join(timed_as(runs)) or None
    row |= _accuracies("final", [final_accuracy(run) for run in runs])
    row |= _accuracies("best", [best_of_run(run) for run in runs])
    if len(costs) < len(runs):
        return row
    for key, bounds, value in _AMOUNTS:
        estimate = mean_interval([value(cost) for cost in costs.values()], is_amount=True)
        row |= {key: estimate.mean, **_bounds(bounds, estimate), "interval": estimate.kind}
    row["idle_kilojoules_per_client"] = fmean(
        cost.idle_kilojoules_per_client for cost in costs.values()
    )
    faster = None if full is None else speed_up(_hours(full), _hours(costs))
    if faster is not None:
        row |= {"speedup": faster.mean, "n_speedup": faster.n, **_bounds("speedup", faster)}
    return row


def compared(costs: Costs, base: Costs, baseline: str) -> dict[str, Any]:
    """Return the comparison with the baseline, paired by seed; its p value is not corrected yet."""
    ratio = speed_up(_hours(base), _hours(costs))
    difference = paired_difference(_hours(costs), _hours(base))
    known: dict[str, Any] = {"baseline": baseline, "n_common": len(costs.keys() & base.keys())}
    if ratio is not None:
        known |= {"ratio": ratio.mean, "p": ratio.p, **_bounds("ratio", ratio)}
    if difference is not None:
        known |= {"difference_hours": difference.mean, **_bounds("difference", difference)}
    return known


_AMOUNTS: tuple[tuple[str, str, Callable[[Cost], float]], ...] = (
    ("mbytes_per_client", "mbytes", lambda cost: cost.mbytes_per_client),
    ("kilojoules_per_client", "kilojoules", lambda cost: cost.kilojoules_per_client),
    ("hours", "hours", lambda cost: cost.hours),
)


def _hours(costs: Costs) -> dict[int, float]:
    return {seed: cost.hours for seed, cost in costs.items()}


def _accuracies(name: str, values: Sequence[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return {}
    estimate = mean_interval(known)
    return {name: estimate.mean, **_bounds(name, estimate)}


def _bounds(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    if estimate is None:
        return {}
    return {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
