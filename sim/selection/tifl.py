"""TiFL: a round's clients all come from one tier of like speed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .history import History
from .offer import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class TiFL:
    """Clients in `tiers` equally large tiers by expected seconds; each call draws a tier, all alike
    likely, that has credits left and n clients there, and takes n of it uniformly (Chai et al.,
    HPDC 2020: the adaptive tier selection before its first change of probabilities. There, they
    change every few rounds, the tier of the lowest test accuracy becoming the likeliest).

    A tier may be drawn `credits` times (null: without end). When no tier is left, credits count
    no more; when none has n clients there, all are one tier.
    """

    kind: Literal["tifl"]
    tiers: int = 5
    credits: int | None = None
    needs_feedback: ClassVar[bool] = False
    needs_history: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.tiers < 1:
            raise ValueError(f"tiers must be at least 1, got {self.tiers}")
        if self.credits is not None and self.credits < 1:
            raise ValueError(f"credits must be at least 1 or null, got {self.credits}")

    def choose(self, offer: Offer, n: int, history: History) -> list[int]:
        tier_of = self.tier_of(offer.expected_s)
        ids = offer.shuffled(offer.available())
        is_large = np.bincount(tier_of[ids], minlength=self.tiers) >= n
        if is_large.any():
            used = np.bincount(tier_of[history.leaders], minlength=self.tiers)
            is_free = is_large & (used < (self.credits or np.inf))
            (open_tiers,) = np.nonzero(is_free if is_free.any() else is_large)
            (draw,) = offer.streams.uniform("tier", *offer.about, ids=[0])
            ids = ids[tier_of[ids] == open_tiers[int(draw * len(open_tiers))]]
        chosen: list[int] = ids[:n].tolist()
        return chosen

    def tier_of(self, expected_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """Each client's tier, 0 the fastest; ties by id."""
        rank = np.empty(len(expected_s), np.int64)
        rank[np.argsort(expected_s, kind="stable")] = np.arange(len(expected_s))
        return rank * self.tiers // len(rank)
