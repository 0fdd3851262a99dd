"""Schedule: a given sequence of configurations, for example from the log of another run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from learner.plan import TuningPlan
from learner.ranges import require, require_at_least
from learner.spec import Adapter, Lora

from .protocol import Branch, BranchScore, Choose, Costs, Rounds, Trial, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """For `rounds` rounds, train adapters of this depth and `width`, or LoRA of this depth and
    `rank`."""

    rounds: int
    depth: int
    width: int | None = None
    rank: int | None = None

    def __post_init__(self) -> None:
        require_at_least(1, rounds=self.rounds)
        _ = self.config

    @property
    def config(self) -> Adapter | Lora:
        """The configuration; of LoRA with the usual alpha."""
        match self.width, self.rank:
            case int(width), None:
                return Adapter(depth=self.depth, width=width)
            case None, int(rank):
                return Lora(depth=self.depth, rank=rank)
            case both:
                raise ValueError(f"width or rank must be set, and not both, got {both}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Trains the steps in order, without comparing branches. The run ends after the last step.

    LoRA keeps the alpha / rank of the first step.
    """

    kind: Literal["schedule"] = "schedule"
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        require(bool(self.steps), "steps must have at least one step")
        for before, after in pairwise(self.configs):
            is_one_kind = type(before) is type(after)
            require(is_one_kind, f"steps must be of one kind, got {before} and then {after}")
            grows = after.depth >= before.depth and _size(after) >= _size(before)
            require(grows, f"steps must never shrink, got {before} and then {after}")

    @property
    def configs(self) -> tuple[Adapter | Lora, ...]:
        """What the steps train."""
        first = self.steps[0].config
        return tuple(
            replace(first.with_rank(step.config.rank), depth=step.depth)
            if isinstance(first, Lora) and isinstance(step.config, Lora)
            else step.config
            for step in self.steps
        )

    def initial(self) -> TuningPlan:
        return self.configs[0]

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        step_no = len(history)
        if step_no == len(self.steps):
            return None
        branch = Branch(name=f"step-{step_no}", plan=self.configs[step_no])
        return Trial(branches=(branch,), budget=Rounds(self.steps[step_no].rounds))

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(trial.branches[0].name)


def _size(config: Adapter | Lora) -> int:
    return config.width if isinstance(config, Adapter) else config.rank
