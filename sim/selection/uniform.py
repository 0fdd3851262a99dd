"""Everybody alike: the n clients with the smallest keyed draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from sim.streams import Streams

from .history import History
from .offer import Ids, Offer

_AT_LEAST = 16  # clients asked at a time: fewer take as long


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """The available clients with the smallest draws of the round, all equally likely."""

    kind: Literal["uniform"] = "uniform"
    needs_feedback: ClassVar[bool] = False
    needs_history: ClassVar[bool] = False

    def choose(self, offer: Offer, n: int, history: History) -> list[int]:
        """Whether a client is available is asked of hardly more clients than it takes."""
        del history
        draws = offer.streams.uniform("cohort", *offer.about, ids=offer.pool)
        chosen: list[int] = []
        for part in _in_order(draws, offer.pool, n):
            at = 0
            while at < len(part) and len(chosen) < n:
                asked = part[at : at + max(n - len(chosen), _AT_LEAST)]
                chosen += offer.there(asked).tolist()
                at += len(asked)
        return chosen[:n]


def cohort(streams: Streams, lineage_round: int, candidates: Ids, n: int) -> list[int]:
    """The n candidates with the smallest draws of this round, in id order.

    A draw belongs to (round, client), so two policies meet the same clients in the same round.
    """
    draws = streams.uniform("cohort", lineage_round, ids=candidates)
    first = next(_in_order(draws, np.asarray(candidates), n))
    return sorted(first[:n].tolist())


def _in_order(
    draws: NDArray[np.float64], ids: NDArray[np.int64], n: int
) -> Iterator[NDArray[np.int64]]:
    """The ids by rising draw, ties by id, in two parts: a small one, at least n if there are so
    many, is sorted first, as it mostly suffices."""
    few = min(4 * n, len(ids))
    first = np.argpartition(draws, few - 1)[:few] if few < len(ids) else np.arange(len(ids))
    yield ids[first[np.lexsort((ids[first], draws[first]))]]
    if few < len(ids):
        yield ids[np.lexsort((ids, draws))[few:]]
