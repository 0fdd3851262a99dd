"""Which branches did best: the one place where scores are compared."""

from __future__ import annotations

from collections.abc import Mapping

from .protocol import BranchScore, Trial


def ranked(trial: Trial, scores: Mapping[str, BranchScore]) -> list[str]:
    """The scored branches, best first; ties stand as the trial lists them.

    A branch that has not trained comes after all that have, whatever its new weights score, and
    where none has, nobody has won: the trial's own order stands.
    """
    names = [branch.name for branch in trial.branches if branch.name in scores]
    if all(scores[name].rounds == 0 for name in names):
        return names
    return sorted(names, key=lambda name: (scores[name].rounds == 0, -scores[name].accuracy))
