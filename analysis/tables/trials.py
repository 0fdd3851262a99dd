"""Says which trials are too short to judge a configuration by."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from analysis.measures import trial_rounds
from analysis.reading.study import Study

_FEW_ROUNDS = 3
"""Trials with fewer rounds than this are told: so few say little about a configuration."""


def short_trials(study: Study) -> Iterator[str]:
    """Yield a clause for each arm with trials without a round, or of few rounds in the median."""
    for arm in study.arms:
        rounds = [n for run in study.runs_of(arm) for n in trial_rounds(run)]
        if 0 in rounds:
            yield (
                f"{arm}: {rounds.count(0)} of its {len(rounds)} trials ended before any branch had "
                "ended a round, so longer windows would lose less time"
            )
        elif rounds and median(rounds) < _FEW_ROUNDS:
            yield f"{arm}: its trials hold {median(rounds):g} rounds in the median"
