"""HetLora: clients with different LoRA ranks, after HetLoRA (Cho et al., arXiv 2401.06432)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from learner.plan import Shares, TuningPlan
from learner.ranges import require
from learner.spec import Lora

from .protocol import BranchScore, Choose, Costs, Trial, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class HetLora:
    """Equal shares of each cohort train the ranks from `least_rank` to that of `largest`, each
    twice the one before.

    From the paper: the state has the largest rank, a client receives and trains its leading ranks.
    Different here: a client's rank is drawn anew in each round, where the paper gives it to a
    client for good; a rank is averaged over those who train it, weighted by samples, where the
    paper pads with zeros and weights by the norm of the product; no rank is pruned.
    """

    kind: Literal["het-lora"] = "het-lora"
    largest: Lora
    least_rank: int = 1

    def __post_init__(self) -> None:
        require(
            1 <= self.least_rank <= self.largest.rank,
            f"least_rank must be from 1 to largest.rank ({self.largest.rank}), got "
            f"{self.least_rank}",
        )

    def initial(self) -> TuningPlan:
        return self._plan()

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        return Trial.alone("ranks", self._plan())

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(trial.branches[0].name)

    def _plan(self) -> TuningPlan:
        ranks = [self.least_rank]
        while ranks[-1] * 2 < self.largest.rank:
            ranks.append(ranks[-1] * 2)
        if ranks[-1] < self.largest.rank:
            ranks.append(self.largest.rank)
        parts = tuple(self.largest.with_rank(rank) for rank in ranks)
        if len(parts) == 1:
            return self.largest
        return Shares(parts=parts, shares=(1 / len(parts),) * len(parts))
