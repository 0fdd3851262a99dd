"""Who of many is there, at the price of those about whom something may have changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from .presence import MARGIN_S, Presence


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
        for client_id in ids[self._until_s[ids] - MARGIN_S <= now_s].tolist():
            presence = self._presences[client_id]
            self._is_on[client_id] = presence.is_on(now_s)
            self._until_s[client_id] = presence.known_until_s
        found = ids[self._is_on[ids]]
        if not busy:
            return found
        return np.array([i for i in found.tolist() if i not in busy], dtype=np.int64)
