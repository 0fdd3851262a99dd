"""Sideline: FedAdapter's trials of keep, wider and deeper (Algorithm 1 of the paper)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from learner.plan import TuningPlan
from learner.ranges import require, require_above_0
from learner.spec import UNIT_WIDTH, Adapter, TuningConfig

from .protocol import (
    Branch,
    BranchScore,
    Choose,
    Costs,
    SimSeconds,
    Trial,
    TrialResult,
    TrialRules,
)
from .ranking import ranked
from .space import Growable, Space, require_growable
from .window import WindowRule, window_s

Candidate = Literal["keep", "wider", "deeper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sideline:
    """In every window, compares the branches keep, wider and deeper; the best one continues.

    A step changes width or depth, not both, and never shrinks. `branches`: which branches a trial
    has; of equal scores, the first in this order is chosen (the artifact's order; the paper gives
    none). `interval_s`, `window`: see configurator.window. `start`: the first configuration.

    `at_limit`: at a limit of the space, a branch is left out (leave-out), or trains the same
    configuration as keep (repeat, the artifact). With leave-out, once nothing can grow, the last
    configuration is trained without windows until the run ends.
    """

    kind: Literal["sideline"] = "sideline"
    interval_s: float = 60.0
    window: WindowRule = "interval"
    start: Growable = field(default_factory=lambda: Adapter(depth=0, width=UNIT_WIDTH))
    space: Space = field(default_factory=Space)
    branches: tuple[Candidate, ...] = ("keep", "wider", "deeper")
    at_limit: Literal["leave-out", "repeat"] = "leave-out"
    trial: TrialRules = field(default_factory=TrialRules)

    def __post_init__(self) -> None:
        require_above_0(interval_s=self.interval_s)
        self.space.check_start(self.start)
        require(
            0 < len(set(self.branches)) == len(self.branches),
            f"branches must name at least one candidate, each once, got {list(self.branches)}",
        )

    @property
    def max_branches(self) -> int:
        """The largest number of branches in a trial; each needs a participant."""
        return len(self.branches)

    def initial(self) -> TuningConfig:
        return self.start

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        here = require_growable(current)
        candidates = {name: self._candidate(name, here) for name in self.branches}
        if self.at_limit == "leave-out":
            candidates = {n: c for n, c in candidates.items() if n == "keep" or c != here}
        if not candidates or set(candidates) == {"keep"}:
            return Trial.alone("keep", here)
        branches = tuple(Branch(name=name, plan=config) for name, config in candidates.items())
        budget = SimSeconds(window_s(self.interval_s, self.window, here))
        return Trial(branches=branches, budget=budget, rules=self.trial)

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(ranked(trial, scores)[0])

    def _candidate(self, name: Candidate, here: Growable) -> Growable:
        match name:
            case "keep":
                return here
            case "wider":
                return self.space.wider(here)
            case "deeper":
                return self.space.deeper(here)
