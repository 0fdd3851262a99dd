"""Search: random search and successive halving over a grid of configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from learner.plan import TuningPlan
from learner.ranges import require, require_above_0, require_at_least
from learner.spec import UNIT_WIDTH, Adapter, TuningConfig

from .draws import sample
from .protocol import (
    Branch,
    BranchScore,
    Choose,
    Costs,
    Decision,
    Extend,
    SimSeconds,
    Trial,
    TrialResult,
    TrialRules,
)
from .ranking import ranked
from .space import Growable, Space


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One trial of `candidates` configurations; the best one is then trained until the run ends.

    The candidates are `start`, the smallest configuration of the grid, and others drawn from the
    grid without replacement. All start from the weights of `start`.

    Random search (`halving` 0; Bergstra and Bengio, 2012): decides once, after `interval_s`.
    Successive halving (`halving` h >= 2; Jamieson and Talwalkar, 2016, with h = 2; other h as in
    Hyperband, Li et al., 2018): after each `interval_s`, the best 1/h continue with all clients, so
    that every window costs the same. Of equal scores, the smaller configuration is better.
    `seed`: of the draws (null: drawn from the run's seed).
    """

    kind: Literal["search"] = "search"
    interval_s: float = 60.0
    candidates: int = 8
    halving: int = 0
    start: Growable = field(default_factory=lambda: Adapter(depth=0, width=UNIT_WIDTH))
    space: Space = field(default_factory=Space)
    trial: TrialRules = field(default_factory=TrialRules)
    seed: int | None = None

    def __post_init__(self) -> None:
        require_above_0(interval_s=self.interval_s)
        self.space.check_start(self.start)
        require_at_least(2, candidates=self.candidates)
        is_halving = self.halving == 0 or self.halving >= 2
        require(is_halving, f"halving must be 0 or at least 2, got {self.halving}")

    @property
    def max_branches(self) -> int:
        """The largest number of branches in a trial; each needs a participant."""
        return self.candidates

    def initial(self) -> TuningConfig:
        return self.start

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        if history:
            return Trial.alone("winner", current)
        smallest, *others = self.space.grid(self.start)
        drawn = sample(others, self.candidates - 1, self.seed or 0, "candidates")
        branches = tuple(Branch(name=str(c), plan=c) for c in (smallest, *drawn))
        return Trial(branches=branches, budget=SimSeconds(self.interval_s), rules=self.trial)

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Decision:
        best = ranked(trial, scores)
        n_left = len(best) // self.halving if self.halving else 1
        if n_left <= 1:
            return Choose(best[0])
        return Extend(SimSeconds(self.interval_s), tuple(best[:n_left]))
