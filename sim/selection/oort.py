"""Oort: selects clients by training loss and speed, and some that have not reported yet."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from learner.ranges import require_at_least, require_share

from .client_history import ClientHistory
from .context import SelectionContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Oort:
    """Guided participant selection (Lai et al., OSDI 2021, algorithm 1).

    Details and default values are from the authors' code (SymbioticLab/Oort at f5fccf35), `pace`
    and `pace_step` from FedScale. docs/model.md lists the differences.

    Utility in round R (from 1) of a client that last reported in round r and takes t seconds: its
    samples x RMS loss, divided by the `clip` quantile of all clients and at most 1, plus
    sqrt(0.1 ln R / r); times (T / t) ^ `penalty` if t exceeds the preferred duration T.

    Exploration: a fraction `exploration` x `decay` ^ (R - 1), but at least `least_exploration`, of
    the n clients have not reported yet; they are drawn in proportion to their speed. The others are
    drawn in proportion to utility, from the clients with at least `cut_off` times the n-th highest
    utility.

    Pacer: T is the `pace` quantile (0-1) of the expected seconds of all clients whose links are not
    dead. `pace` rises by
    `pace_step` whenever `pacer_rounds` aggregations gained less utility than those before them.

    Clients that were selected `blacklist_after` times (null: no limit) are excluded while enough
    others are available.
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
        require_share(exploration=self.exploration, decay=self.decay)
        require_share(least_exploration=self.least_exploration, cut_off=self.cut_off)
        require_share(clip=self.clip, pace=self.pace, pace_step=self.pace_step)
        require_at_least(0, penalty=self.penalty)
        require_at_least(1, pacer_rounds=self.pacer_rounds)
        if self.blacklist_after is not None:
            require_at_least(1, blacklist_after=self.blacklist_after)

    def choose(self, context: SelectionContext, n: int, history: ClientHistory) -> list[int]:
        ids = self._allowed(context.available(), n, history)
        is_known = ~np.isnan(history.rms_loss[ids])
        known, new = ids[is_known], ids[~is_known]
        share = max(self.least_exploration, self.exploration * self.decay**context.round)
        n_known = min(len(known), n - min(len(new), round(share * n)))
        preferred_s = self.preferred_s(context.expected_s, history.utilities)
        exploited = self._exploit(context, known, n_known, preferred_s, history)
        speed = 1.0 / np.maximum(context.expected_s[new], 1e-9)
        explored = context.draw_weighted("explore", new, speed, n - n_known)
        chosen: list[int] = np.concatenate([exploited, explored]).tolist()
        return chosen

    def preferred_s(self, expected_s: NDArray[np.float64], utilities: Sequence[float]) -> float:
        """T: the preferred duration of a round, given the utilities of all aggregations so far."""
        size = self.pacer_rounds
        windows = [
            math.fsum(utilities[i : i + size]) for i in range(0, len(utilities) - size + 1, size)
        ]
        n_raised = sum(after < before for before, after in itertools.pairwise(windows))
        alive_s = expected_s[np.isfinite(expected_s)]  # those of dead links would make it nan
        if not len(alive_s):
            return math.inf
        return float(np.quantile(alive_s, min(1.0, self.pace + n_raised * self.pace_step)))

    def utility(
        self,
        context: SelectionContext,
        ids: NDArray[np.int64],
        preferred_s: float,
        history: ClientHistory,
    ) -> NDArray[np.float64]:
        """The utility (>= 0) of clients that have reported."""
        gain = context.n_samples[ids] * history.rms_loss[ids]
        cap = max(float(np.quantile(gain, self.clip)), 1e-12)
        last = np.maximum(history.last_round[ids], 1)
        staleness = np.sqrt(0.1 * math.log(context.round + 1) / last)
        seconds = np.where(
            np.isnan(history.duration_s[ids]), context.expected_s[ids], history.duration_s[ids]
        )
        pace = np.minimum(1.0, preferred_s / np.maximum(seconds, 1e-9)) ** self.penalty
        utility: NDArray[np.float64] = (np.minimum(gain, cap) / cap + staleness) * pace
        return utility

    def _exploit(
        self,
        context: SelectionContext,
        known: NDArray[np.int64],
        n: int,
        preferred_s: float,
        history: ClientHistory,
    ) -> NDArray[np.int64]:
        if n == 0:
            return known[:0]
        utility = self.utility(context, known, preferred_s, history)
        last_taken = np.partition(utility, len(utility) - n)[len(utility) - n]
        is_close = utility >= self.cut_off * last_taken
        return context.draw_weighted("exploit", known[is_close], utility[is_close], n)

    def _allowed(self, ids: NDArray[np.int64], n: int, history: ClientHistory) -> NDArray[np.int64]:
        if self.blacklist_after is None:
            return ids
        allowed = ids[history.n_selected[ids] < self.blacklist_after]
        return allowed if len(allowed) >= n else ids
