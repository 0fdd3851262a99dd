"""Fixed: one plan for the whole run, as a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from learner.plan import TuningPlan

from .protocol import BranchScore, Choose, Costs, Trial, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Train `config` from the first round to the last: one configuration for all clients, or a plan
    (kind tiers or shares) in which clients train different parts of one state."""

    kind: Literal["fixed"] = "fixed"
    config: TuningPlan

    def initial(self) -> TuningPlan:
        return self.config

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        return Trial.alone("fixed", self.config)

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(trial.branches[0].name)
