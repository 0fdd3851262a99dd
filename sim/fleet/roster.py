"""Who of many is there, at the price of those about whom something may have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from .availability import MARGIN_S, Presence

_FEW = 24
"""So few are found faster one by one than in columns."""


class Roster:
    """The clients' presences as columns: each answer is kept until the next change of its trace.

    Asked in the order of simulated time.
    """

    def __init__(self, presences: Sequence[Presence]) -> None:
        self._presences = presences
        self._is_on = np.zeros(len(presences), dtype=bool)
        self._until_s = np.full(len(presences), -np.inf)

    def there(
        self, now_s: float, ids: NDArray[np.int64], busy: Collection[int] = ()
    ) -> NDArray[np.int64]:
        """Those of the clients who are there now and not busy, in their order."""
        self._ask(now_s, ids[self._is_stale(now_s, ids)])
        return ids[self._is_on[ids] & _free(ids, busy)]

    def first_there(
        self, now_s: float, ids: NDArray[np.int64], n: int, busy: Collection[int] = ()
    ) -> list[int]:
        """The first n (at least 1) of them, or all if there are fewer.

        Who stands behind the n-th is not asked: a first answer costs a trace, and until when an
        answer holds depends in its last place on when it was given.
        """
        if n <= _FEW:
            return list(islice(self._walk(now_s, ids, busy), n))
        is_free = _free(ids, busy)
        is_stale = self._is_stale(now_s, ids)
        while True:
            n_at_best = ((self._is_on[ids] | is_stale) & is_free).cumsum()
            end = int(n_at_best.searchsorted(n)) + 1  # whoever walks for n gets as far as here
            (to_ask,) = is_stale[:end].nonzero()
            if not len(to_ask):
                found: list[int] = ids[:end][(self._is_on[ids] & is_free)[:end]].tolist()
                return found
            self._ask(now_s, ids[to_ask])
            is_stale[to_ask] = False  # asked once, even if the answer ends within the margin

    def _walk(self, now_s: float, ids: NDArray[np.int64], busy: Collection[int]) -> Iterator[int]:
        for client_id in ids.tolist():
            if self._presences[client_id].is_on(now_s) and client_id not in busy:
                yield client_id

    def _is_stale(self, now_s: float, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        return self._until_s[ids] - MARGIN_S <= now_s

    def _ask(self, now_s: float, ids: NDArray[np.int64]) -> None:
        for client_id in ids.tolist():
            presence = self._presences[client_id]
            self._is_on[client_id] = presence.is_on(now_s)
            self._until_s[client_id] = presence.known_until_s


def _free(ids: NDArray[np.int64], busy: Collection[int]) -> NDArray[np.bool_]:
    if not busy:
        return np.ones(len(ids), dtype=bool)
    return np.array([i not in busy for i in ids.tolist()], dtype=bool)
