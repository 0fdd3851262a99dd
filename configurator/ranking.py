"""Ranks the branches of a trial by their scores."""

from __future__ import annotations

from collections.abc import Mapping

from .protocol import BranchScore, Trial


def ranked(trial: Trial, scores: Mapping[str, BranchScore]) -> list[str]:
    """The names of the scored branches, best first; equal scores in the order of the trial.

    Branches without a finished round come last: their score is that of untrained weights. If no
    branch has finished a round, all are in the order of the trial.
    """
    names = [branch.name for branch in trial.candidates if branch.name in scores]
    if all(scores[name].rounds == 0 for name in names):
        return names
    return sorted(names, key=lambda name: (scores[name].rounds == 0, -scores[name].accuracy))
