"""Configurators with mistakes, which test_faulty_configurators.py names in scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from configurator.protocol import BranchScore, Choose, Costs, Decision, Trial, TrialResult
from learner.plan import TuningPlan
from learner.spec import Adapter


@dataclass(frozen=True)
class Faulty:
    """Trains one adapter. The method `where` raises KeyError, or returns `answer` if it is set."""

    where: str = ""
    answer: Any = None
    level: float = 0.5

    def __post_init__(self) -> None:
        self._fail("made")

    def initial(self) -> TuningPlan:
        return self._fail("initial") or Adapter(depth=1, width=8)

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        plan = self._fail("plan") or Adapter(depth=self._fail("depth") or 1, width=8)
        return self._fail("propose") or Trial.alone("only", plan)

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Decision:
        return Choose("only")

    def _fail(self, method: str) -> Any:
        if method == self.where and self.answer is None:
            raise KeyError("lost")
        return self.answer if method == self.where else None
