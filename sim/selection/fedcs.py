"""FedCS: selects the fastest clients, as many as are expected to meet a deadline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from learner.ranges import require_above_0, require_at_least

from .client_history import ClientHistory
from .context import SelectionContext


@dataclass(frozen=True, slots=True, kw_only=True)
class FedCs:
    """Draws ceil(`candidates` x n) clients uniformly; selects the fastest n of them, without those
    whose expected seconds exceed `deadline_s` (after Nishio and Yonetani, ICC 2019).

    In the paper, uploads share one channel: the greedy algorithm 3 adds the client that lengthens
    the round least, while it meets the deadline, with no limit n. Here each client has its own
    link, so whether one meets the deadline does not depend on the others. If no candidate meets it,
    the fastest is selected.
    """

    kind: Literal["fedcs"]
    deadline_s: float
    candidates: float = 3.0
    needs_feedback: ClassVar[bool] = False
    needs_history: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_above_0(deadline_s=self.deadline_s)
        require_at_least(1, candidates=self.candidates)

    def choose(self, context: SelectionContext, n: int, history: ClientHistory) -> list[int]:
        del history
        candidates = context.shuffled(context.available())[: math.ceil(self.candidates * n)]
        expected_s = context.expected_s[candidates]
        fastest = candidates[np.lexsort((candidates, expected_s))][:n]
        n_fitting = int((context.expected_s[fastest] <= self.deadline_s).sum())
        chosen: list[int] = fastest[: max(n_fitting, 1)].tolist()
        return chosen
