"""ByDevice: each client trains as many layers as a round of shallow ones leaves it time for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from learner.plan import Tiers, TuningPlan
from learner.ranges import require, require_above_0
from learner.spec import Adapter, Lora, Runs

from .protocol import BranchScore, Choose, Costs, Trial, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDevice:
    """Depth by client, without trials.

    The state has the configuration `deepest`. A client trains the largest depth, from
    `shallow_depth` on, whose expected job takes no longer than a round in which everybody trains
    `shallow_depth` (the expected slowest of a cohort), times `slack`. So a round is about as short
    as a shallow one, and the layers further down learn from the clients that have the time for
    them. `runs`: see learner.spec.Runs.

    `shallow_depth` null: the smallest with which the device classes train at least half of the
    layers of `deepest`, on average. So a fleet of one class trains half of the layers, since no
    device there is fast enough to train more than the others in the same time.
    """

    kind: Literal["by-device"] = "by-device"
    deepest: Adapter | Lora
    shallow_depth: int | None = None
    slack: float = 1.0
    runs: Runs = "part"

    def __post_init__(self) -> None:
        require_above_0(slack=self.slack)
        depth = self.shallow_depth
        require(
            depth is None or 0 <= depth <= self.deepest.depth,
            f"shallow_depth must be at most deepest.depth ({self.deepest.depth}) and at least 0, "
            f"got {depth}",
        )

    def initial(self) -> TuningPlan:
        """The state's shape; who trains what follows from the costs in the first trial."""
        return self.deepest

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        shallow = self._shallow_depth(costs) if self.shallow_depth is None else self.shallow_depth
        parts = tuple(self._part(depth) for depth in range(self.deepest.depth, shallow - 1, -1))
        limit_s = self.slack * costs(parts[-1]).cohort_s
        return Trial.alone("by device", Tiers(parts=parts, limit_s=limit_s, runs=self.runs))

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(trial.branches[0].name)

    def _part(self, depth: int) -> Adapter | Lora:
        return replace(self.deepest, depth=depth)

    def _shallow_depth(self, costs: Costs) -> int:
        """The smallest shallow depth with which half of the layers are trained on average."""
        depths = range(1, self.deepest.depth + 1)
        seconds = {depth: costs(self._part(depth)).by_device for depth in depths}
        for shallow in depths:
            limit_s = self.slack * costs(self._part(shallow)).cohort_s
            trained = [
                max([depth for depth in depths if seconds[depth][name] <= limit_s] or [shallow])
                for name in seconds[shallow]
            ]
            if sum(trained) >= len(trained) * self.deepest.depth / 2:
                return shallow
        return self.deepest.depth
