"""Everybody alike: the n clients with the smallest keyed draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from sim.streams import Streams

from .history import History
from .offer import Ids, Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """The available clients with the smallest draws of the round, all equally likely."""

    kind: Literal["uniform"] = "uniform"
    needs_feedback: ClassVar[bool] = False
    needs_history: ClassVar[bool] = False

    def choose(self, offer: Offer, n: int, history: History) -> list[int]:
        """Whether a client is available is asked of no more clients than it takes."""
        del history
        draws = offer.streams.uniform("cohort", *offer.about, ids=offer.pool)
        return _first(_in_order(draws, offer.pool, n), n, offer.is_on)


def cohort(streams: Streams, lineage_round: int, candidates: Ids, n: int) -> list[int]:
    """The n candidates with the smallest draws of this round, in id order.

    A draw belongs to (round, client), so two policies meet the same clients in the same round.
    """
    draws = streams.uniform("cohort", lineage_round, ids=candidates)
    return sorted(_first(_in_order(draws, candidates, n), n, lambda client_id: True))


def _first(ordered: Iterator[int], n: int, is_on: Callable[[int], bool]) -> list[int]:
    taken: list[int] = []
    for client_id in ordered:
        if is_on(client_id):
            taken.append(client_id)
            if len(taken) == n:
                break
    return taken


def _in_order(draws: NDArray[np.float64], ids: Ids, n: int) -> Iterator[int]:
    """The ids by rising draw, ties by id; a small part is sorted first, as it mostly suffices."""
    own = np.asarray(ids)
    few = min(4 * n, len(own))
    first = np.argpartition(draws, few - 1)[:few] if few < len(own) else np.arange(len(own))
    yield from own[first[np.lexsort((own[first], draws[first]))]].tolist()
    if few < len(own):
        yield from own[np.lexsort((own, draws))[few:]].tolist()
