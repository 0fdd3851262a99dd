"""A bandit over neighbouring configurations: explore a neighbour, or exploit what one has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

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
    Unlimited,
)
from .ranking import ranked
from .space import Growable, Space, growable
from .window import WindowRule, check_interval, window_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandit:
    """In each window, with probability `p_explore`, one neighbour is tried beside the current
    configuration, half the clients each; else all clients train the current one.

    Which neighbour (wider or deeper) is UCB1's answer (Auer et al., 2002): untried ones first, then
    the highest mean gain over keeping + `optimism` x sqrt(2 ln n / n_tried). Gains are accuracies
    of earlier trials, which shrink as training goes on: the bandit is not stationary, and old gains
    are not forgotten. Ties keep. `seed` null: the run's own draw.
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
        check_interval(self.interval_s)
        self.space.check_start(self.start)
        if not 0 < self.p_explore <= 1:
            raise ValueError(f"p_explore must be above 0 and at most 1, got {self.p_explore}")
        if self.optimism < 0:
            raise ValueError(f"optimism must be at least 0, got {self.optimism}")

    @property
    def max_branches(self) -> int:
        """Participants that a trial needs at least, one a branch."""
        return 2

    def initial(self) -> TuningConfig:
        return self.start

    def propose(
        self, current: TuningConfig, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        here = growable(current)
        keep = Branch(name="keep", config=here)
        neighbours = {"wider": self.space.wider(here), "deeper": self.space.deeper(here)}
        open_to = {name: config for name, config in neighbours.items() if config != here}
        if not open_to:
            return Trial(branches=(keep,), budget=Unlimited())
        budget = SimSeconds(window_s(self.interval_s, self.window, here))
        if uniform(self.seed or 0, "explore", len(history)) >= self.p_explore:
            return Trial(branches=(keep,), budget=budget, rules=self.trial)
        name = max(open_to, key=lambda name: self._promise(name, history))
        branches = (keep, Branch(name=name, config=open_to[name]))
        return Trial(branches=branches, budget=budget, rules=self.trial)

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        """The neighbour only where it is better."""
        return Choose(ranked(trial, scores)[0])

    def _promise(self, name: str, history: Sequence[TrialResult]) -> float:
        explored = [result.scores for result in history if result.scores]
        gains = [s[name].accuracy - s["keep"].accuracy for s in explored if name in s]
        if not gains:
            return math.inf
        bonus = math.sqrt(2 * math.log(len(explored)) / len(gains))
        return sum(gains) / len(gains) + self.optimism * bonus
