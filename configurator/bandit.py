"""Bandit: compares the current configuration with one neighbour, chosen by UCB1, now and then."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from learner.plan import TuningPlan
from learner.ranges import require, require_above_0, require_at_least
from learner.spec import UNIT_WIDTH, Adapter, TuningConfig

from .draws import uniform
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandit:
    """With probability `p_explore`, a window compares the current configuration with one neighbour,
    each with half of the clients. Otherwise all clients train the current configuration.

    The neighbour, wider or deeper, is chosen by UCB1 (Auer et al., 2002): first each one that was
    never tried, then the one with the highest mean gain + `optimism` x sqrt(2 ln n / n_tried), with
    n the number of comparisons. The gain is the neighbour's accuracy minus that of keeping. Gains
    shrink in the course of training, but old ones are never discounted. In a tie the current
    configuration is kept. `seed`: of the draws (null: drawn from the run's seed).
    """

    kind: Literal["bandit"] = "bandit"
    interval_s: float = 60.0
    window: WindowRule = "interval"
    p_explore: float = 0.5
    optimism: float = 0.05
    start: Growable = field(default_factory=lambda: Adapter(depth=0, width=UNIT_WIDTH))
    space: Space = field(default_factory=Space)
    trial: TrialRules = field(default_factory=TrialRules)
    seed: int | None = None

    def __post_init__(self) -> None:
        require_above_0(interval_s=self.interval_s)
        self.space.check_start(self.start)
        is_share = 0 < self.p_explore <= 1
        require(is_share, f"p_explore must be above 0 and at most 1, got {self.p_explore}")
        require_at_least(0, optimism=self.optimism)

    @property
    def max_branches(self) -> int:
        """The largest number of branches in a trial; each needs a participant."""
        return 2

    def initial(self) -> TuningConfig:
        return self.start

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        here = require_growable(current)
        keep = Branch(name="keep", plan=here)
        neighbours = {"wider": self.space.wider(here), "deeper": self.space.deeper(here)}
        candidates = {name: config for name, config in neighbours.items() if config != here}
        if not candidates:
            return Trial.alone("keep", here)
        budget = SimSeconds(window_s(self.interval_s, self.window, here))
        if uniform(self.seed or 0, "explore", len(history)) >= self.p_explore:
            return Trial(branches=(keep,), budget=budget, rules=self.trial)
        name = max(candidates, key=lambda name: self._ucb(name, history))
        branches = (keep, Branch(name=name, plan=candidates[name]))
        return Trial(branches=branches, budget=budget, rules=self.trial)

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(ranked(trial, scores)[0])

    def _ucb(self, name: str, history: Sequence[TrialResult]) -> float:
        explored = [result.scores for result in history if result.scores]
        gains = [s[name].accuracy - s["keep"].accuracy for s in explored if name in s]
        if not gains:
            return math.inf
        bonus = math.sqrt(2 * math.log(len(explored)) / len(gains))
        return sum(gains) / len(gains) + self.optimism * bonus
