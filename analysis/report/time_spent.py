"""Clients' time in rounds by stage, per arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import polars as pl

from analysis.measures import trial_overhead, wasted_work
from analysis.reading.run import Run
from analysis.reading.study import Study

STAGES = {
    "compute_s": "computing",
    "down_s": "downloading",
    "up_s": "uploading",
    "wait_s": "unavailable",
    "idle_s": "idle until the round ended",
    "gone_s": "after dropping out",
}
"""Columns of a RoundRow with their titles; their sum is the length of the round x its clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpent:
    """Shares (0-1) of an arm's client-hours by stage.

    wasted_share and trial_share are of the work (download, training, upload): wasted work, and work
    in branches that lost their trials.
    """

    arm: str
    client_hours: float
    shares: dict[str, float]
    wasted_share: float
    trial_share: float


def time_spent(study: Study) -> list[TimeSpent]:
    """Return one entry per arm with rounds: hours over all seeds, shares as means over seeds."""
    return [spent for arm in study.arms if (spent := _of_arm(arm, study.runs_of(arm))) is not None]


def _of_arm(arm: str, runs: Sequence[Run]) -> TimeSpent | None:
    rounds = pl.concat([run.rounds.select(*STAGES) for run in runs])
    seconds = {stage: float(rounds[stage].sum()) for stage in STAGES}
    total_s = sum(seconds.values())
    if not total_s:
        return None
    return TimeSpent(
        arm=arm,
        client_hours=total_s / 3600,
        shares={stage: value / total_s for stage, value in seconds.items()},
        wasted_share=fmean(wasted_work(run).seconds_share for run in runs),
        trial_share=fmean(trial_overhead(run).seconds_share for run in runs),
    )
