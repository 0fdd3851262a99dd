"""Nested: trials within one state, of which no update is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from learner.plan import Shares, TuningPlan
from learner.ranges import require, require_at_least
from learner.spec import UNIT_WIDTH, Adapter, Runs

from .comparison import loss_difference
from .protocol import Branch, BranchScore, Choose, Costs, Rounds, Trial, TrialResult
from .space import Growable, Space, require_growable

Step = Literal["deeper", "wider"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """A share of each cohort trains a larger view of the state, the others keep the current one.

    All updates are averaged into one state, each number over those who trained it. After
    `trial_rounds` rounds the larger view is taken if its losses on the deciding split are lower, in
    pairs on the same examples and with one-sided confidence `confidence` (0.5-1); otherwise the
    state is cut back to the current view. Trials try the steps in turn; after a step that is not
    taken, all clients train the current view for `rounds_between` rounds.

    `share` (0-1): of a cohort in the larger view. New weights should start without effect
    (learner.new_weights identity; LoRA always does), since the others then lose nothing by them.
    """

    kind: Literal["nested"] = "nested"
    start: Growable = field(default_factory=lambda: Adapter(depth=1, width=UNIT_WIDTH))
    space: Space = field(default_factory=Space)
    steps: tuple[Step, ...] = ("deeper", "wider")
    share: float = 1 / 3
    trial_rounds: int = 4
    rounds_between: int = 4
    confidence: float = 0.8
    runs: Runs = "part"

    def __post_init__(self) -> None:
        require_at_least(1, trial_rounds=self.trial_rounds, rounds_between=self.rounds_between)
        require(0.0 < self.share < 1.0, f"share must be above 0 and below 1, got {self.share}")
        is_chance = 0.5 <= self.confidence < 1.0
        require(is_chance, f"confidence must be from 0.5 to below 1, got {self.confidence}")
        require(bool(self.steps), "steps must name at least one of deeper and wider")
        self.space.check_start(self.start)

    def initial(self) -> TuningPlan:
        return self.start

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        here = require_growable(current)
        larger = self._larger(here, history)
        if larger is None:
            return Trial.alone("last", here)
        if history and history[-1].chosen == "keep":
            between = Branch(name="between", plan=here)
            return Trial(branches=(between,), budget=Rounds(self.rounds_between))
        shares = (1.0 - self.share, self.share)
        plan = Shares(parts=(here, larger), shares=shares, runs=self.runs)
        return Trial(
            branches=(Branch(name="nested", plan=plan),),
            views=(Branch(name="keep", plan=here), Branch(name="larger", plan=larger)),
            budget=Rounds(self.trial_rounds),
        )

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        keep, larger = scores["keep"], scores["larger"]
        if keep.rounds == 0:
            return Choose("keep")
        is_better = loss_difference(larger, keep).p_below_0 < 1.0 - self.confidence
        return Choose("larger" if is_better else "keep")

    def _larger(self, here: Growable, history: Sequence[TrialResult]) -> Growable | None:
        """The next step from here that the space has, in turn; None if there is none."""
        grow = {"deeper": self.space.deeper, "wider": self.space.wider}
        n_trials = sum(bool(result.trial.views) for result in history)
        order = [self.steps[(n_trials + i) % len(self.steps)] for i in range(len(self.steps))]
        return next((grow[step](here) for step in order if grow[step](here) != here), None)
