"""How fast a depth learns beside the deepest one, as measured on some tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Literal

FIRST_ROUNDS = 8
"""What they gain is left out: they mostly learn how frequent the labels are, above all of tags."""

PriorTask = Literal["trec", "20ng", "conll"]


@dataclass(frozen=True, slots=True)
class DepthPrior:
    """How one depth learns after the first rounds, if losses follow configurator.learning_curve.

    speed: the fall of the loss in a round, from the same loss and far from the end, over that of
    the deepest. shortfall (0-1): of the loss that the deepest gains after FIRST_ROUNDS rounds, the
    part that this depth does not gain.
    """

    speed: float
    shortfall: float

    def progress(self, left: float) -> float:
        """The fall of the loss in a round, over that of the deepest from the same loss.

        `left` (0-1): of what the deepest gains after FIRST_ROUNDS rounds, the part that is still to
        be gained. A loss of a + b / (1 + rounds / h) falls by (loss - a)^2 / (b h) in a round.
        """
        if left <= self.shortfall:
            return 0.0
        return self.speed * ((left - self.shortfall) / left) ** 2


_SHARES = (0.0, 1 / 6, 1 / 3, 1 / 2, 1.0)
"""Depths over the deepest one; depth 0, the head alone, was not measured and counts as nothing."""

_NOTHING, _DEEPEST = DepthPrior(0.0, 1.0), DepthPrior(1.0, 0.0)

_MEASURED: Mapping[PriorTask, Sequence[DepthPrior]] = {
    "trec": (DepthPrior(0.61, 0.149), DepthPrior(0.83, 0.052), DepthPrior(0.9, 0.0)),
    "20ng": (DepthPrior(0.76, 0.201), DepthPrior(0.85, 0.069), DepthPrior(1.09, 0.102)),
    "conll": (DepthPrior(1.13, 0.535), DepthPrior(1.02, 0.33), DepthPrior(1.02, 0.206)),
}
"""Of the depths between none and the deepest, one seed each: scenarios/tuning/depths.yaml and
`python -m benchmarks.depth_prior`. On Rotten Tomatoes the losses scatter more than depths differ,
so that its fits say nothing."""


def depth_prior(tasks: Sequence[PriorTask], share: float) -> DepthPrior:
    """The prior of a depth, `share` (0-1) of the deepest, as a mean over tasks.

    On a line between the depths that were measured.
    """
    known = [(_NOTHING, *_MEASURED[task], _DEEPEST) for task in tasks]
    return DepthPrior(
        speed=fmean(_between([one.speed for one in own], share) for own in known),
        shortfall=fmean(_between([one.shortfall for one in own], share) for own in known),
    )


def _between(values: Sequence[float], share: float) -> float:
    for (low, one), (high, other) in pairwise(zip(_SHARES, values, strict=True)):
        if share <= high:
            return one + (share - low) / (high - low) * (other - one)
    return values[-1]
