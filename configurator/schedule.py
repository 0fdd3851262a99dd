"""Schedule: a given sequence of configurations, for example from the log of another run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from learner.plan import TuningPlan
from learner.ranges import require, require_at_least
from learner.spec import Adapter, TuningConfig

from .protocol import Branch, BranchScore, Choose, Costs, Rounds, Trial, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Train adapters of this depth and width for `rounds` rounds."""

    rounds: int
    depth: int
    width: int

    def __post_init__(self) -> None:
        require_at_least(1, rounds=self.rounds)
        Adapter(depth=self.depth, width=self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Trains the steps in order, without comparing branches. The run ends after the last step."""

    kind: Literal["schedule"] = "schedule"
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        require(bool(self.steps), "steps must have at least one step")
        for before, after in pairwise(self.steps):
            if after.depth < before.depth or after.width < before.width:
                raise ValueError(
                    f"steps must never shrink, got ({before.depth}, {before.width}) and then "
                    f"({after.depth}, {after.width})"
                )

    def initial(self) -> TuningConfig:
        return self._config(0)

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        step_no = len(history)
        if step_no == len(self.steps):
            return None
        branch = Branch(name=f"step-{step_no}", plan=self._config(step_no))
        return Trial(branches=(branch,), budget=Rounds(self.steps[step_no].rounds))

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(trial.branches[0].name)

    def _config(self, step_no: int) -> TuningConfig:
        step = self.steps[step_no]
        return Adapter(depth=step.depth, width=step.width)
