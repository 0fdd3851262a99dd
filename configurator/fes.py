"""Fes: trials that are won by accuracy gained per second, after FeS (Cai et al., MobiCom'23)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from learner.plan import TuningPlan
from learner.ranges import require_at_least
from learner.spec import UNIT_WIDTH, Adapter

from .protocol import Branch, BranchScore, Choose, Costs, Rounds, Trial, TrialResult, TrialRules
from .ranking import ranked
from .space import Growable, Space, require_growable


@dataclass(frozen=True, slots=True, kw_only=True)
class Fes:
    """Now and then compares the current depth and capacity with one step more of each, by rounds.

    Every branch trains `trial_rounds` rounds; the branch that gains the most accuracy per simulated
    second continues, and trains alone for `rounds_between` rounds. If none gains any, the most
    accurate does. If the space has no step left, the last configuration is trained until the run
    ends.

    From the paper (arXiv 2212.05974): depth and capacity are planned together, by the accuracy on
    validation examples that a second buys. Different here: prompts, pseudo labels and their pacing
    are left out; the plan is revised during training, where the paper makes it for each stage of
    its curriculum.
    """

    kind: Literal["fes"] = "fes"
    start: Growable = field(default_factory=lambda: Adapter(depth=1, width=UNIT_WIDTH))
    space: Space = field(default_factory=Space)
    trial_rounds: int = 2
    rounds_between: int = 6
    trial: TrialRules = field(default_factory=TrialRules)

    def __post_init__(self) -> None:
        require_at_least(1, trial_rounds=self.trial_rounds, rounds_between=self.rounds_between)
        self.space.check_start(self.start)

    @property
    def max_branches(self) -> int:
        """The largest number of branches in a trial; each needs a participant."""
        return 3

    def initial(self) -> TuningPlan:
        return self.start

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        here = require_growable(current)
        deeper, wider = self.space.deeper(here), self.space.wider(here)
        if deeper == here == wider:
            return Trial.alone("last", here)
        if len(history) % 2:
            branch = Branch(name="between", plan=here)
            return Trial(branches=(branch,), budget=Rounds(self.rounds_between))
        steps = {"keep": here, "deeper": deeper, "wider": wider}
        branches = tuple(
            Branch(name=name, plan=config)
            for name, config in steps.items()
            if name == "keep" or config != here
        )
        return Trial(branches=branches, budget=Rounds(self.trial_rounds), rules=self.trial)

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        names = ranked(trial, scores)
        gaining = [name for name in names if _gain_per_s(scores[name]) > 0.0]
        return Choose(max(gaining or names[:1], key=lambda name: _gain_per_s(scores[name])))


def _gain_per_s(score: BranchScore) -> float:
    """Accuracy gained per simulated second; least of all without a finished round."""
    if score.rounds == 0 or score.seconds == 0.0:
        return float("-inf")
    return (score.accuracy - score.accuracy_before()) / score.seconds
