"""Power-of-choice: of some candidates, those with the highest loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from .history import History
from .offer import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerOfChoice:
    """Of d = ceil(`candidates` x n) clients, drawn without replacement in proportion to their
    samples, the n with the highest mean loss that they last reported (Cho et al., AISTATS 2022,
    the variant rpow-d). Who has not reported yet comes first.
    """

    kind: Literal["power-of-choice"]
    candidates: float = 2.0
    needs_feedback: ClassVar[bool] = True
    needs_history: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.candidates < 1:
            raise ValueError(f"candidates must be at least 1, got {self.candidates}")

    def choose(self, offer: Offer, n: int, history: History) -> list[int]:
        ids = offer.available()
        weights = offer.n_samples[ids].astype(np.float64)
        asked = offer.drawn("candidates", ids, weights, math.ceil(self.candidates * n))
        loss = np.nan_to_num(history.mean_loss[asked], nan=np.inf)
        chosen: list[int] = asked[np.argsort(-loss, kind="stable")][:n].tolist()
        return chosen
