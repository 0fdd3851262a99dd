"""Fixed: one configuration for the whole run, as a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from learner.spec import TuningConfig

from .protocol import BranchScore, Choose, Costs, Trial, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Train `config` from the first round to the last."""

    kind: Literal["fixed"] = "fixed"
    config: TuningConfig

    def initial(self) -> TuningConfig:
        return self.config

    def propose(
        self, current: TuningConfig, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        return Trial.alone("fixed", self.config)

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(trial.branches[0].name)
