"""Progressive: grows the configuration at fixed times; FedAdapter without its trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from learner.plan import TuningPlan
from learner.ranges import require_above_0
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
from .space import Growable, Space
from .window import WindowRule, window_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressive:
    """Grows at the end of every window, deeper and wider in turn; all clients train one branch.

    If one step is not possible in the space, the other is made. At the end of the space, the last
    configuration is trained until the run ends. `first`: the first step. `crossing`: see
    TrialRules.
    """

    kind: Literal["progressive"] = "progressive"
    interval_s: float = 60.0
    window: WindowRule = "interval"
    start: Growable = field(default_factory=lambda: Adapter(depth=0, width=UNIT_WIDTH))
    space: Space = field(default_factory=Space)
    first: Literal["deeper", "wider"] = "deeper"
    crossing: Literal["drop", "finish"] = "finish"

    def __post_init__(self) -> None:
        require_above_0(interval_s=self.interval_s)
        self.space.check_start(self.start)

    def initial(self) -> TuningConfig:
        return self.start

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        config = self._after(len(history))
        name = f"window-{len(history)}"
        if self.space.deeper(config) == config == self.space.wider(config):
            return Trial.alone(name, config)
        branch = Branch(name=name, plan=config)
        budget = SimSeconds(window_s(self.interval_s, self.window, config))
        rules = TrialRules(crossing=self.crossing)
        return Trial(branches=(branch,), budget=budget, rules=rules)

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(trial.branches[0].name)

    def _after(self, n_windows: int) -> Growable:
        """The configuration after `n_windows` windows."""
        steps = [self.space.deeper, self.space.wider]
        if self.first == "wider":
            steps.reverse()
        config = self.start
        for window in range(n_windows):
            step, other = steps[window % 2], steps[1 - window % 2]
            grown = step(config)
            config = grown if grown != config else other(config)
        return config
