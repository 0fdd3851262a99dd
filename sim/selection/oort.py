"""Oort: clients by what their losses promise and how fast they are, with some exploration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .history import History
from .offer import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Oort:
    """Guided selection (Lai et al., OSDI 2021, algorithm 1), read beside the authors' code
    (SymbioticLab/Oort at f5fccf35), whose defaults these are; pace and pace_step are FedScale's.

    A client's utility is samples x RMS loss, clipped at the `clip` quantile and divided by it, plus
    sqrt(0.1 ln R / last round), both rounds counted from 1, times (T / t) ^ `penalty` where its t
    seconds are more than the preferred T. Of n clients, `exploration` x `decay` ^ (R - 1), but at
    least `least_exploration`, are new ones, drawn in proportion to their speed; the others are
    drawn in proportion to utility among those with at least `cut_off` times the utility of the last
    to be taken.

    T is the quantile of expected seconds at `pace` of the fleet; the pacer raises `pace` by
    `pace_step` whenever the last `pacer_rounds` aggregations gained less utility than those before.
    Who was called `blacklist_after` times is out (null: never), unless too few are left. Where this
    differs from the authors' code: docs/model.md.
    """

    kind: Literal["oort"]
    exploration: float = 0.9
    decay: float = 0.98
    least_exploration: float = 0.2
    penalty: float = 2.0
    cut_off: float = 0.95
    clip: float = 0.95
    pace: float = 0.3
    pace_step: float = 0.05
    pacer_rounds: int = 20
    blacklist_after: int | None = None
    needs_feedback: ClassVar[bool] = True
    needs_history: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in (
            *("exploration", "decay", "least_exploration", "cut_off"),
            *("clip", "pace", "pace_step"),
        ):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} must be between 0 and 1, got {value}")
        if self.penalty < 0:
            raise ValueError(f"penalty must be at least 0, got {self.penalty}")
        for name in ("pacer_rounds", "blacklist_after"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")

    def choose(self, offer: Offer, n: int, history: History) -> list[int]:
        ids = self._allowed(offer.available(), n, history)
        is_known = ~np.isnan(history.rms_loss[ids])
        known, fresh = ids[is_known], ids[~is_known]
        share = max(self.least_exploration, self.exploration * self.decay**offer.round)
        n_known = min(len(known), n - min(len(fresh), round(share * n)))
        preferred_s = self.preferred_s(offer.expected_s, history.utilities)
        exploited = self._exploit(offer, known, n_known, preferred_s, history)
        speed = 1.0 / np.maximum(offer.expected_s[fresh], 1e-9)
        explored = offer.drawn("explore", fresh, speed, n - n_known)
        chosen: list[int] = np.concatenate([exploited, explored]).tolist()
        return chosen

    def preferred_s(self, expected_s: NDArray[np.float64], utilities: Sequence[float]) -> float:
        """T: how long a round is meant to take, after all that the pacer has seen."""
        size = self.pacer_rounds
        windows = [
            math.fsum(utilities[i : i + size]) for i in range(0, len(utilities) - size + 1, size)
        ]
        n_raised = sum(after < before for before, after in itertools.pairwise(windows))
        return float(np.quantile(expected_s, min(1.0, self.pace + n_raised * self.pace_step)))

    def utility(
        self, offer: Offer, ids: NDArray[np.int64], preferred_s: float, history: History
    ) -> NDArray[np.float64]:
        """Of clients that have reported; at least 0."""
        gain = offer.n_samples[ids] * history.rms_loss[ids]
        cap = max(float(np.quantile(gain, self.clip)), 1e-12)
        last = np.maximum(history.last_round[ids], 1)
        doubt = np.sqrt(0.1 * math.log(offer.round + 1) / last)
        seconds = np.where(
            np.isnan(history.duration_s[ids]), offer.expected_s[ids], history.duration_s[ids]
        )
        pace = np.minimum(1.0, preferred_s / np.maximum(seconds, 1e-9)) ** self.penalty
        utility: NDArray[np.float64] = (np.minimum(gain, cap) / cap + doubt) * pace
        return utility

    def _exploit(
        self,
        offer: Offer,
        known: NDArray[np.int64],
        n: int,
        preferred_s: float,
        history: History,
    ) -> NDArray[np.int64]:
        if n == 0:
            return known[:0]
        utility = self.utility(offer, known, preferred_s, history)
        last_taken = np.partition(utility, len(utility) - n)[len(utility) - n]
        is_close = utility >= self.cut_off * last_taken
        return offer.drawn("exploit", known[is_close], utility[is_close], n)

    def _allowed(self, ids: NDArray[np.int64], n: int, history: History) -> NDArray[np.int64]:
        if self.blacklist_after is None:
            return ids
        allowed = ids[history.n_selected[ids] < self.blacklist_after]
        return allowed if len(allowed) >= n else ids
