"""ByDevice: each client trains as many layers as a round of shallow ones leaves it time for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import fsum
from typing import Literal

from learner.plan import Tiers, TuningPlan
from learner.ranges import (
    require,
    require_above_0,
    require_at_least,
    require_at_least_or_null,
    require_share,
)
from learner.spec import Adapter, Lora, Runs

from .protocol import Branch, BranchScore, Choose, Costs, Rounds, Trial, TrialResult

_ROUNDING = 1e-9
"""Layers: a mean over shares misses a whole number by last places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDevice:
    """Depth by client, without trials.

    The state has the configuration `deepest`. A client trains the largest depth, from
    `shallow_depth` on, whose expected job takes no longer than a round in which everybody trains
    `shallow_depth` (its expected length for a random cohort), times `slack`. So a round is about as
    short as a shallow one, and the layers further down learn from the clients that have the time
    for them. A larger cohort of more even clients leaves less room. `runs`: see learner.spec.Runs.

    `least_mean_depth`: where a plan lets clients train fewer layers than this, in the mean over all
    of them, its shallow depth is larger than `shallow_depth`, by as little as possible, unless this
    would exclude clients that lack the memory for it. On a fleet of equal devices nobody has time
    for more than the others, and one layer for all would end low.

    `least_share` (0-1): depths that fewer than this share of all clients would train, they and the
    larger ones together, are left out. Each number is averaged over those who trained it, so that
    the layers that one client alone trains, perhaps on few examples, would be as it leaves them.

    `most_batches`: a client that has time left trains on more batches than the scenario says, as
    many as fit, up to this number (None: it does not). Never on fewer.

    `grow_after`: numbers of rounds; after each of them in turn the shallow depth is one layer more.
    Shallow rounds are short, but end at a lower accuracy.
    """

    kind: Literal["by-device"] = "by-device"
    deepest: Adapter | Lora
    shallow_depth: int = 1
    least_mean_depth: float = 0.0
    least_share: float = 0.1
    slack: float = 1.0
    grow_after: tuple[int, ...] = ()
    runs: Runs = "part"
    most_batches: int | None = None

    def __post_init__(self) -> None:
        require_above_0(slack=self.slack)
        require_share(least_share=self.least_share)
        require_at_least_or_null(1, most_batches=self.most_batches)
        require(
            0 <= self.shallow_depth <= self.deepest.depth,
            f"shallow_depth must be at most deepest.depth ({self.deepest.depth}) and at least 0, "
            f"got {self.shallow_depth}",
        )
        require(
            0 <= self.least_mean_depth <= self.deepest.depth,
            f"least_mean_depth must be at most deepest.depth ({self.deepest.depth}) and at least "
            f"0, got {self.least_mean_depth}",
        )
        for rounds in self.grow_after:
            require_at_least(1, grow_after=rounds)
        room = self.deepest.depth - self.shallow_depth
        require(
            len(self.grow_after) <= room,
            f"grow_after must have at most {room} numbers, since shallow_depth cannot grow above "
            f"deepest.depth, got {len(self.grow_after)}",
        )

    def initial(self) -> TuningPlan:
        """The state's shape; who trains what follows from the costs in the first trial."""
        return self.deepest

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        stage = min(len(history), len(self.grow_after))
        plan = self._plan(self.shallow_depth + stage, costs)
        if stage == len(self.grow_after):
            return Trial.alone("by device", plan)
        branch = Branch(name="by device", plan=plan)
        return Trial(branches=(branch,), budget=Rounds(self.grow_after[stage]))

    def _plan(self, shallow_depth: int, costs: Costs) -> Tiers:
        """Depths from `shallow_depth` on, or from the next one that is enough in the mean."""
        parts = tuple(
            replace(self.deepest, depth=depth)
            for depth in range(self.deepest.depth, shallow_depth - 1, -1)
        )
        shallow = Tiers(parts=parts[-1:], whole=self.deepest, runs=self.runs)
        plan = Tiers(
            parts=parts,
            limit_s=self.slack * costs(shallow).cohort_s,
            runs=self.runs,
            most_batches=self.most_batches,
        )
        n_rare = sum(share < self.least_share for share in accumulate(costs(plan).shares[:-1]))
        parts = parts[n_rare:]
        if n_rare:
            plan = replace(plan, parts=parts, whole=self.deepest)
        expected = costs(plan)
        mean_depth = fsum(
            share * part.depth for share, part in zip(expected.shares, parts, strict=True)
        )
        if mean_depth < self.least_mean_depth - _ROUNDING and shallow_depth < self.deepest.depth:
            deeper = self._plan(shallow_depth + 1, costs)
            if costs(deeper).excluded <= expected.excluded:
                return deeper
        return plan

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(trial.branches[0].name)
