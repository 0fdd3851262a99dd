"""DevFt: stages of growing depth without trials, after DevFT (Wu et al., arXiv 2508.00041)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from learner.plan import TuningPlan
from learner.ranges import require, require_at_least
from learner.spec import Adapter, Lora

from .protocol import Branch, BranchScore, Choose, Costs, Rounds, Trial, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class DevFt:
    """Doubles the depth after every `stage_rounds` rounds, from `first_depth` to that of `deepest`,
    which is then trained until the run ends.

    From the paper: stages of doubling capacity and equal length, each of which starts from the one
    before. Different here: a stage adapts the top layers of the whole encoder, where the paper
    trains a smaller model of fused groups of layers.
    """

    kind: Literal["dev-ft"] = "dev-ft"
    deepest: Adapter | Lora
    first_depth: int = 1
    stage_rounds: int = 10

    def __post_init__(self) -> None:
        require_at_least(1, stage_rounds=self.stage_rounds)
        require(
            1 <= self.first_depth <= self.deepest.depth,
            f"first_depth must be from 1 to deepest.depth ({self.deepest.depth}), got "
            f"{self.first_depth}",
        )

    def initial(self) -> TuningPlan:
        return self._stage(0)

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        config, name = self._stage(len(history)), f"stage-{len(history)}"
        if config == self.deepest:
            return Trial.alone(name, config)
        return Trial(branches=(Branch(name=name, plan=config),), budget=Rounds(self.stage_rounds))

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(trial.branches[0].name)

    def _stage(self, number: int) -> Adapter | Lora:
        depth = min(self.first_depth * 2**number, self.deepest.depth)
        return replace(self.deepest, depth=depth)
