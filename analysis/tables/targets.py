"""Time, traffic and energy to target accuracies: the rows of the table and their plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from analysis.measures import (
    best_arm,
    best_in_hindsight,
    cost_to_accuracy,
    crossing_s,
    excluded_share,
    excluded_shares,
    fastest_full,
    full_highest,
    trial_overhead,
)
from analysis.reading.load import Run, Study
from analysis.statistics.estimates import mean_interval, speed_up

LEVELS = (0.5, 0.6, 0.7)
"""Default absolute targets, accuracies 0-1."""

SHARES = (0.9, 0.95, 0.99)
"""Default relative targets, shares of the best accuracy of any arm."""

MAJORITY = "majority class"
HEADERS = ("arm", "target", "time", "MB per client", "kJ per client", "speed-up")
TRIAL_HEADER = "lost trials"
MEMORY_HEADER = "without the memory"
COLUMNS = (
    *("arm", "target", "hours", "hours_low", "hours_high"),
    *("mbytes_per_client", "kilojoules_per_client"),
    *("speedup", "speedup_low", "speedup_high", "trial_share", "excluded_share"),
    *("n_seeds", "n_reached"),
)
_EXTRA = ((TRIAL_HEADER, "trial_share"), (MEMORY_HEADER, "excluded_share"))
_ABSENT = "–"


@dataclass(frozen=True, slots=True)
class Target:
    """An accuracy (0-1) to reach, and how the table names it."""

    text: str
    accuracy: float


def targets(
    study: Study, levels: Sequence[float] = LEVELS, shares: Sequence[float] = SHARES
) -> list[Target]:
    """Absolute levels, then shares of the best accuracy, then full fine-tuning's highest.

    Raises ValueError for a level or share that is not above 0 and at most 1.
    """
    for value in (*levels, *shares):
        if not 0 < value <= 1:
            raise ValueError(f"a target must be above 0 and at most 1, got {value:g}")
    chosen = [Target(percent(level), level) for level in levels]
    best, highest = best_arm(study), full_highest(study)
    if best is not None:
        chosen += [_share(share, best[1]) for share in shares]
    if highest is not None:
        chosen.append(Target(f"highest of full ({_short(highest)})", highest))
    return chosen


def table_rows(
    study: Study, levels: Sequence[float] = LEVELS, shares: Sequence[float] = SHARES
) -> list[dict[str, Any]]:
    """One row a target and arm: arm, target, hours, hours_low, hours_high, mbytes_per_client,
    kilojoules_per_client, speedup, speedup_low, speedup_high, trial_share, excluded_share, n_seeds,
    n_reached.

    Means are over the arm's seeds and None unless all of them reached the target (n_reached of
    n_seeds did). Bounds are those of 95 % bootstrap intervals, None for a single seed. `speedup`
    is the hours of the fastest full fine-tuning arm divided by the arm's, its interval over the
    seeds that both have. `trial_share`: of all client seconds of work in its runs, the mean share
    (0-1) spent in branches that lost their trial. `excluded_share`: of the fleet, the largest share
    (0-1) whose memory was too small for a configuration that the arm trained. Rows of the majority
    class show its accuracy as the target; those in hindsight name the arm that they repeat. Raises
    ValueError for impossible targets.
    """
    rows = [
        row
        for target in targets(study, levels, shares)
        for row in (
            *(_row(study, arm, target) for arm in study.arms),
            *(_hindsight_row(study, name, target) for name in study.hindsight),
        )
    ]
    majority = sorted({r.majority_accuracy for r in study.runs if r.majority_accuracy is not None})
    return rows + [_empty(MAJORITY, f"accuracy {_short(accuracy)}") for accuracy in majority]


def format_table(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Headers and cells for printing: "not reached" where a target was not. Shares of lost trials
    and of excluded clients have a column where there are any."""
    extra = [(header, key) for header, key in _EXTRA if any(row[key] for row in rows)]
    headers = [*HEADERS, *(header for header, _ in extra)]
    return headers, [[*_cells(row), *(_share_cell(row[key]) for _, key in extra)] for row in rows]


def caption(study: Study) -> str:
    """What the numbers are: seeds, clients, the best accuracy and whose, one clause each."""
    clauses = [seeds_text(study)]
    best = best_arm(study)
    if best is not None:
        clauses.append(f"best = {_short(best[1])} ({best[0]}, moving mean of 3 evaluations)")
    if any(run.learner == "curve" for run in study.runs):
        clauses.append("accuracy from a learning curve, not from training")
    shares = {name: share for run in study.runs for name, share in excluded_shares(run).items()}
    clauses += [
        f"{name} does not fit {percent(share)} of the fleet" for name, share in shares.items()
    ]
    unfinished = sum(not run.is_finished for run in study.runs)
    if unfinished:
        clauses.append(f"{unfinished} of {len(study.runs)} runs unfinished")
    return "; ".join(clauses)


def seeds_text(study: Study) -> str:
    """ "single seed", or how many seeds each arm's means and intervals are over."""
    counts = {arm: len(study.runs_of(arm)) for arm in study.arms}
    over = "where all of them reach the target, [95 % bootstrap interval]"
    if set(counts.values()) == {1}:
        return "single seed: no interval, differences may be chance"
    if len(set(counts.values())) == 1:
        return f"mean of {next(iter(counts.values()))} seeds {over}"
    listed = ", ".join(
        f"{arm} {n}{' (single seed: no interval)' if n == 1 else ''}" for arm, n in counts.items()
    )
    return f"mean over seeds {over} ({listed})"


def percent(fraction: float) -> str:
    """A fraction as a percentage, to four digits: 0.5 -> "50 %"."""
    return f"{100 * fraction:.4g} %"


def duration(seconds: float) -> str:
    """Simulated time in the unit that reads best, to three digits: 93 s, 12.4 min, 3.2 h, 5 d."""
    unit_s, unit = duration_unit(seconds)
    return f"{_digits(seconds / unit_s)} {unit}"


def duration_unit(seconds: float) -> tuple[float, str]:
    """The unit in which a duration reads best, in seconds and by name."""
    for limit_s, unit_s, unit in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit_s:
            return unit_s, unit
    return 86400, "d"


def _share(share: float, best: float) -> Target:
    return Target(f"{percent(share)} of best ({_short(share * best)})", share * best)


def _row(study: Study, arm: str, target: Target) -> dict[str, Any]:
    runs = study.runs_of(arm)
    hours = _hours(runs, target.accuracy)
    row = _empty(arm, target.text) | {"n_seeds": len(runs), "n_reached": len(hours)}
    row["trial_share"] = fmean(trial_overhead(run).seconds_share for run in runs)
    row["excluded_share"] = max(excluded_share(run) for run in runs)
    cost = cost_to_accuracy(runs, target.accuracy)
    if cost is None:
        return row
    interval = mean_interval(list(hours.values()))
    row |= {"hours": cost.hours, "hours_low": interval.low, "hours_high": interval.high}
    row |= {
        "mbytes_per_client": cost.mbytes_per_client,
        "kilojoules_per_client": cost.kilojoules_per_client,
    }
    base = fastest_full(study, target.accuracy)
    if base is not None and cost.hours:
        base_hours = _hours(study.runs_of(base), target.accuracy)
        row["speedup"] = fmean(base_hours.values()) / cost.hours
        ratio = speed_up(base_hours, hours)
        if ratio is not None:
            row |= {"speedup_low": ratio.low, "speedup_high": ratio.high}
    return row


def _hindsight_row(study: Study, name: str, target: Target) -> dict[str, Any]:
    best = best_in_hindsight(study, study.hindsight[name], target.accuracy)
    if best is None:
        n_seeds = len({run.seed for run in study.runs})
        label, row = name, _empty(name, target.text) | {"n_seeds": n_seeds, "n_reached": 0}
    else:
        label, row = f"{name}, in hindsight: {best}", _row(study, best, target)
    return row | {"arm": label}


def _hours(runs: Sequence[Run], accuracy: float) -> dict[int, float]:
    """Hours to the accuracy by seed, of the runs that reached it."""
    crossed = {run.seed: crossing_s(run, accuracy) for run in runs}
    return {seed: seconds / 3600 for seed, seconds in crossed.items() if seconds is not None}


def _empty(arm: str, target: str) -> dict[str, Any]:
    return {"arm": arm, "target": target, **dict.fromkeys(COLUMNS[2:])}


def _cells(row: Mapping[str, Any]) -> list[str]:
    names = [str(row["arm"]), str(row["target"])]
    if row["arm"] == MAJORITY:
        return [*names, *[_ABSENT] * 4]
    if row["hours"] is None:
        n_reached, n_seeds = row["n_reached"], row["n_seeds"]
        reached = f" ({n_reached} of {n_seeds} seeds reached it)" if n_reached else ""
        return [*names, f"not reached{reached}", *[_ABSENT] * 3]
    amounts = [_digits(row[key]) for key in ("mbytes_per_client", "kilojoules_per_client")]
    return [*names, _time_cell(row), *amounts, _speedup_cell(row)]


def _share_cell(share: float | None) -> str:
    return f"{100 * share:.0f} %" if share else _ABSENT


def _time_cell(row: Mapping[str, Any]) -> str:
    """A duration, with its interval in the same unit, or marked as that of one seed."""
    text = duration(row["hours"] * 3600)
    if row["hours_low"] is None:
        return text
    unit_s, unit = duration_unit(row["hours"] * 3600)
    low, high = (_digits(row[key] * 3600 / unit_s) for key in ("hours_low", "hours_high"))
    return f"{text.removesuffix(unit)}[{low}, {high}] {unit}"


def _speedup_cell(row: Mapping[str, Any]) -> str:
    if row["speedup"] is None:
        return _ABSENT
    if row["speedup_low"] in (None, row["speedup_high"]):
        return f"{_digits(row['speedup'])} ×"
    low, high = (_digits(row[key]) for key in ("speedup_low", "speedup_high"))
    return f"{_digits(row['speedup'])} [{low}, {high}] ×"


def _short(accuracy: float) -> str:
    return f"{100 * accuracy:.1f} %"


def _digits(value: float) -> str:
    """Three digits, but never fewer than the whole part has."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
