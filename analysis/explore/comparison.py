"""Numbers of a run beside those of its replay: costs of targets, and the seconds of a round."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analysis.measures import accuracy_curve, cost_of_run, highest_reached
from analysis.reading.run import Run
from analysis.tables.text import digits, duration, percent

STAGES = {
    "down_s": "download",
    "compute_s": "compute",
    "up_s": "upload",
    "wait_s": "unavailable",
    "idle_s": "wait for the round",
    "gone_s": "after dropping out",
}
"""Columns of a round's row, in the order of a round, with their titles."""

_LEVELS = tuple(level / 100 for level in range(5, 100, 5))
_N_TARGETS = 4
NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCost:
    """Time, and bytes and energy per client, to an accuracy, as text, of the run and the replay."""

    target: str
    time: tuple[str, str]
    mbytes: tuple[str, str]
    kilojoules: tuple[str, str]


def target_costs(base: Run, run: Run, is_whole: bool) -> list[TargetCost]:
    """The costs of the last multiples of 5 % that the base run reaches, lowest first.

    is_whole: whether the replay's curve is known to its end. If it is not, a target that its known
    part does not reach is unknown. A target is reached as in the table (sustained crossing).
    """
    highest = highest_reached(base) or 0.0
    targets = [level for level in _LEVELS if level <= highest + 1e-12][-_N_TARGETS:]
    return [_target(base, run, level, is_whole) for level in targets]


def _target(base: Run, run: Run, level: float, is_whole: bool) -> TargetCost:
    cells = []
    for one, is_known in ((base, True), (run, is_whole)):
        cost = cost_of_run(one, level)
        if cost is None:
            cells.append([NOT_REACHED if is_known else "unknown", "–", "–"])
            continue
        amounts = (cost.mbytes_per_client, cost.kilojoules_per_client)
        cells.append([duration(cost.hours * 3600), *map(digits, amounts)])
    (time, mbytes, kilojoules) = zip(*cells, strict=True)
    return TargetCost(target=percent(level), time=time, mbytes=mbytes, kilojoules=kilojoules)


def stage_seconds(run: Run) -> dict[str, float]:
    """Mean seconds of a client's round by stage, over all rounds of all branches."""
    totals = run.rounds.select(pl.sum(*STAGES), n=pl.col("clients").list.len().sum()).row(
        0, named=True
    )
    n = totals.pop("n") or 1
    return {stage: seconds / n for stage, seconds in totals.items()}


def totals(run: Run, is_whole: bool) -> list[str]:
    """The end of a run in words: time, rounds, traffic, energy, and the last accuracy if known."""
    rounds = run.rounds.filter(pl.col("status") == "done")
    curve = accuracy_curve(run)
    n_bytes = float((run.rounds["down_bytes"] + run.rounds["up_bytes"]).sum())
    said = [
        duration(run.end_s),
        f"{len(rounds):,} rounds",
        f"{digits(n_bytes / 1e6 / run.n_clients)} MB per client",
        f"{digits(float(run.rounds['energy_j'].sum()) / 1e3 / run.n_clients)} kJ per client",
    ]
    if not is_whole:
        said.append(f"{run.metric} unknown")
    elif len(curve):
        said.append(f"{run.metric} {curve['accuracy'][-1]:.1%}")
    return said
