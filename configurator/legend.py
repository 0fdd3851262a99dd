"""Legend: LoRA depth by device class, after LEGEND (Liu et al., arXiv 2412.20004)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from learner.plan import Tiers, TuningPlan
from learner.ranges import require
from learner.spec import Lora

from .protocol import BranchScore, Choose, Costs, Trial, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """Each device trains the largest depth with which it is not slower than the slowest device
    class is with `least_depth`.

    From the paper: LoRA in the layers next to the output, depth by the device's speed so that
    devices finish together, each layer averaged over the devices that train it. Different here: one
    rank for all layers, where the paper gives more to those near the output; speeds are those of
    the cost model, where the paper estimates them anew in every round.
    """

    kind: Literal["legend"] = "legend"
    deepest: Lora
    least_depth: int = 1

    def __post_init__(self) -> None:
        require(
            1 <= self.least_depth <= self.deepest.depth,
            f"least_depth must be from 1 to deepest.depth ({self.deepest.depth}), got "
            f"{self.least_depth}",
        )

    def initial(self) -> TuningPlan:
        return self.deepest

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        depths = range(self.deepest.depth, self.least_depth - 1, -1)
        parts = tuple(replace(self.deepest, depth=depth) for depth in depths)
        limit_s = max(costs(parts[-1]).by_device.values())
        return Trial.alone("by device", Tiers(parts=parts, limit_s=limit_s))

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(trial.branches[0].name)
