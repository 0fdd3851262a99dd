"""TiFL: selects all clients of a round from one tier of clients with similar speed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from learner.ranges import require_at_least, require_at_least_or_null

from .client_history import ClientHistory
from .context import SelectionContext


@dataclass(frozen=True, slots=True, kw_only=True)
class TiFL:
    """Tier-based selection (Chai et al., HPDC 2020), with equal probabilities for all tiers.

    Clients are divided into `tiers` tiers of equal size by expected seconds. Each selection draws
    one of the tiers that have credits left and n available clients, and then n of its clients, both
    uniformly. A tier has `credits` (null: no limit); when no tier has any left, credits are
    ignored. If no tier has n available clients, they are drawn from all tiers.

    In the paper's adaptive selection, the probabilities change every few rounds in favour of tiers
    with a low test accuracy. That is not implemented.
    """

    kind: Literal["tifl"]
    tiers: int = 5
    credits: int | None = None
    needs_feedback: ClassVar[bool] = False
    needs_history: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_at_least(1, tiers=self.tiers)
        require_at_least_or_null(1, credits=self.credits)

    def choose(self, context: SelectionContext, n: int, history: ClientHistory) -> list[int]:
        tier_of = self.tier_of(context.expected_s)
        ids = context.shuffled(context.available())
        is_large = np.bincount(tier_of[ids], minlength=self.tiers) >= n
        if is_large.any():
            used = np.bincount(tier_of[history.first_choices], minlength=self.tiers)
            is_free = is_large & (used < (self.credits or np.inf))
            (open_tiers,) = np.nonzero(is_free if is_free.any() else is_large)
            (draw,) = context.streams.uniform("tier", *context.keys, ids=[0])
            ids = ids[tier_of[ids] == open_tiers[int(draw * len(open_tiers))]]
        chosen: list[int] = ids[:n].tolist()
        return chosen

    def tier_of(self, expected_s: NDArray[np.float64]) -> NDArray[np.int64]:
        """Each client's tier, 0 being the fastest; clients of equal speed are ordered by id."""
        rank = np.empty(len(expected_s), np.int64)
        rank[np.argsort(expected_s, kind="stable")] = np.arange(len(expected_s))
        return rank * self.tiers // len(rank)
