"""Where the clients' time went, arm by arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import polars as pl

from analysis.measures import trial_overhead, wasted_work
from analysis.reading.load import Run, Study

PLACES = {
    "compute_s": "computing",
    "down_s": "downloading",
    "up_s": "uploading",
    "wait_s": "waiting for absent clients",
    "idle_s": "idle until the round ended",
    "gone_s": "after being lost",
}
"""The columns of a round's row that add up to its length times its clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpent:
    """Shares (0-1) of an arm's client-hours by place; of the work (download, training, upload),
    what came to nothing and what branches that lost their trials had done."""

    arm: str
    client_hours: float
    shares: dict[str, float]
    wasted_share: float
    trial_share: float


def time_spent(study: Study) -> list[TimeSpent]:
    """One entry an arm whose rounds took time: hours over all of its seeds, shares their means."""
    return [spent for arm in study.arms if (spent := _of_arm(arm, study.runs_of(arm))) is not None]


def _of_arm(arm: str, runs: Sequence[Run]) -> TimeSpent | None:
    rounds = pl.concat([run.rounds.select(*PLACES) for run in runs])
    seconds = {place: float(rounds[place].sum()) for place in PLACES}
    total_s = sum(seconds.values())
    if not total_s:
        return None
    return TimeSpent(
        arm=arm,
        client_hours=total_s / 3600,
        shares={place: value / total_s for place, value in seconds.items()},
        wasted_share=fmean(wasted_work(run).seconds_share for run in runs),
        trial_share=fmean(trial_overhead(run).seconds_share for run in runs),
    )
