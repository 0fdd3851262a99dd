"""Everybody alike: the n clients with the smallest keyed draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .history import History
from .offer import Offer

_LARGE = 4  # times as many as are looked at first: a pool worth splitting before it is sorted


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """The available clients with the smallest draws of the round, all equally likely.

    A draw belongs to (round, client), so two policies meet the same clients in the same round.
    """

    kind: Literal["uniform"] = "uniform"
    needs_feedback: ClassVar[bool] = False
    needs_history: ClassVar[bool] = False

    def choose(self, offer: Offer, n: int, history: History) -> list[int]:
        """Whether a client is available is asked of no more clients than it takes."""
        del history
        draws = offer.streams.uniform("cohort", *offer.about, ids=offer.pool)
        chosen: list[int] = []
        for part in _in_order(draws, offer.pool, n):
            chosen += offer.first_available_of(part, n - len(chosen))
            if len(chosen) == n:
                break
        return chosen


def _in_order(
    draws: NDArray[np.float64], ids: NDArray[np.int64], n: int
) -> Iterator[NDArray[np.int64]]:
    """The ids by rising draw, ties by id; of a large pool a small part is sorted first, as it
    mostly suffices."""
    few = 4 * n
    if len(ids) < _LARGE * few:
        yield ids[np.lexsort((ids, draws))]
        return
    (first,) = (draws < few / len(ids)).nonzero()  # about as many
    yield ids[first[np.lexsort((ids[first], draws[first]))]]
    yield ids[np.lexsort((ids, draws))[len(first) :]]
