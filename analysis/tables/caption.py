"""Writes the caption of the table of targets: seeds, best accuracy, limits of the runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from analysis.measures import Crossing, best_arm, excluded_shares, is_flat
from analysis.reading.grid import grid_step, has_several_grids
from analysis.reading.pricing import scaled_devices, timed_as
from analysis.reading.study import Study
from analysis.statistics.estimates import FEWEST

from .text import percent, rounded_percent
from .trials import short_trials


def caption(study: Study, crossing: Crossing = "sustained", baseline: str | None = None) -> str:
    """Return the clauses that a reader of the table needs, joined by semicolons."""
    is_exact = all(run.learner == "curve" for run in study.runs)
    clauses = [seeds_text(study), (_OF_CURVES if is_exact else _CROSSINGS)[crossing]]
    if baseline is not None:
        is_whole = baseline in (*study.arms, *study.hindsight)
        clauses.append(_BASELINE.format(baseline if is_whole else f"{baseline} at the same point"))
    if has_several_grids(study.runs):
        step, unit = grid_step(study.runs)
        clauses.append(f"accuracies of every {step} {unit}, for all arms")
    best = best_arm(study)
    if best is not None:
        mean = "" if is_exact else ", moving mean of 3 evaluations"
        clauses.append(f"best = {rounded_percent(best[1])} ({best[0]}{mean})")
    if any(run.learner == "curve" for run in study.runs):
        clauses.append("accuracy from a learning curve, not from training")
    elif rising := [*_rising(study)]:
        clauses.append(f"not flat at the end (docs/metrics.md): {', '.join(rising)}")
    clauses += [*short_trials(study), *timed_as(study.runs)]
    if scaled := scaled_devices(study.runs):
        clauses.append(f"seconds of {', '.join(scaled)} scaled by the analytic cost model")
    shares = defaultdict[str, set[float]](set)
    for run in study.runs:
        for name, share in excluded_shares(run).items():
            shares[name].add(share)
    clauses += [f"{name} does not fit {_span(own)} of the fleet" for name, own in shares.items()]
    unfinished = [f"{run.arm} (seed {run.seed})" for run in study.runs if not run.is_finished]
    if unfinished:
        listed = ", ".join(unfinished)
        clauses.append(f"{len(unfinished)} of {len(study.runs)} runs unfinished: {listed}")
    if study.missing:
        clauses.append(f"not begun: {study.not_begun}")
    return "; ".join(clauses)


def _span(shares: Collection[float]) -> str:
    """Shares (0-1) in percent: "50 %", or "50 % to 92 %" where arms or seeds differ."""
    return " to ".join(dict.fromkeys(percent(one) for one in (min(shares), max(shares))))


def _rising(study: Study) -> Iterator[str]:
    """The arms whose accuracy still rises at the end of a run, and of how many of several runs."""
    for arm in study.arms:
        runs = study.runs_of(arm)
        n_rising = sum(not is_flat(run) for run in runs)
        if n_rising:
            yield arm if len(runs) == 1 else f"{arm} ({n_rising} of {len(runs)} runs)"


_BASELINE = (
    "ratio = mean time of {} / mean time of the arm over common seeds; p: of a ratio of 1, paired "
    "by seed, after Holm over the arms of a target"
)
_OF_CURVES = {
    "sustained": "reached: by a single evaluation, for good",
    "first": "reached: by a single evaluation (first crossing)",
}
_CROSSINGS = {
    "sustained": "reached: by the mean of 3 evaluations, for good",
    "first": "reached: by a single evaluation (first crossing, early by luck)",
}


def seeds_text(study: Study) -> str:
    """Return over how many seeds the means and intervals of each arm are, or "single seed"."""
    counts = {arm: len(study.runs_of(arm)) for arm in study.arms}
    kinds = dict.fromkeys(n < FEWEST for n in counts.values() if n > 1)
    bounds = " or ".join("(range)" if is_few else "[95 % interval]" for is_few in kinds)
    over = f"where all of them reach the target, {bounds}"
    if set(counts.values()) == {1}:
        return "single seed: no interval, differences may be chance"
    if len(set(counts.values())) == 1:
        return f"mean of {next(iter(counts.values()))} seeds {over}"
    listed = ", ".join(
        f"{arm} {n}{' (single seed: no interval)' if n == 1 else ''}" for arm, n in counts.items()
    )
    return f"mean over seeds {over} ({listed})"
