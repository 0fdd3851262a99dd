"""Power-of-choice: selects those of some random candidates that have the highest loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from learner.ranges import require_at_least

from .client_history import ClientHistory
from .context import SelectionContext


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerOfChoice:
    """Draws d = ceil(`candidates` x n) clients without replacement, in proportion to their samples;
    selects the n with the highest last reported mean loss (Cho et al., AISTATS 2022, variant
    rpow-d). Clients that have not reported yet come first.
    """

    kind: Literal["power-of-choice"]
    candidates: float = 2.0
    needs_feedback: ClassVar[bool] = True
    needs_history: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_at_least(1, candidates=self.candidates)

    def choose(self, context: SelectionContext, n: int, history: ClientHistory) -> list[int]:
        ids = context.available()
        weights = context.n_samples[ids].astype(np.float64)
        candidates = context.draw_weighted(
            "candidates", ids, weights, math.ceil(self.candidates * n)
        )
        loss = np.nan_to_num(history.mean_loss[candidates], nan=np.inf)
        chosen: list[int] = candidates[np.argsort(-loss, kind="stable")][:n].tolist()
        return chosen
