"""FedCS: as many as are expected to make a deadline, the fastest first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from .history import History
from .offer import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class FedCs:
    """Of ceil(`candidates` x n) clients drawn uniformly, those whose expected seconds are at most
    `deadline_s`, the fastest first and n at most (after Nishio and Yonetani, ICC 2019).

    There, uploads queue for one channel: the greedy choice (algorithm 3) adds whoever lengthens the
    round least, as long as it ends in time, and has no n. Here each has its own link, so that a
    client fits or not whoever else is chosen. Where nobody fits, the fastest candidate is taken.
    """

    kind: Literal["fedcs"]
    deadline_s: float
    candidates: float = 3.0
    needs_feedback: ClassVar[bool] = False
    needs_history: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.deadline_s <= 0:
            raise ValueError(f"deadline_s must be above 0, got {self.deadline_s}")
        if self.candidates < 1:
            raise ValueError(f"candidates must be at least 1, got {self.candidates}")

    def choose(self, offer: Offer, n: int, history: History) -> list[int]:
        del history
        asked = offer.shuffled(offer.available())[: math.ceil(self.candidates * n)]
        expected_s = offer.expected_s[asked]
        fastest = asked[np.lexsort((asked, expected_s))][:n]
        n_fitting = int((offer.expected_s[fastest] <= self.deadline_s).sum())
        chosen: list[int] = fastest[: max(n_fitting, 1)].tolist()
        return chosen
