"""What a selection policy may read: who can be selected, and what the server knows of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.streams import Streams

Ids = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One selection among the clients of a pool (ids, rising).

    `round` (the lineage's) and `attempt` key the draws. `available_of` filters ids by who is
    available and free, in their order; `first_available_of` finds the first n (at least 1) of them
    and queries no more clients than it must. `next_absence_s` tells when an available client will
    next be absent (inf: never): a perfect forecast, read from its trace. `expected` and `samples`
    make arrays by client id, where a policy reads them: the expected seconds of a job at nominal
    rates, and the size of the shard.
    """

    streams: Streams
    round: int
    attempt: int
    now_s: float
    pool: NDArray[np.int64]
    available_of: Callable[[NDArray[np.int64]], NDArray[np.int64]]
    first_available_of: Callable[[NDArray[np.int64], int], list[int]]
    next_absence_s: Callable[[int], float]
    expected: Callable[[], NDArray[np.float64]]
    samples: Callable[[], NDArray[np.int64]]

    @property
    def expected_s(self) -> NDArray[np.float64]:
        return self.expected()

    @property
    def n_samples(self) -> NDArray[np.int64]:
        return self.samples()

    @property
    def about(self) -> tuple[int, ...]:
        """What this selection's draws are about; a first attempt has the round's own."""
        return (self.round, self.attempt) if self.attempt else (self.round,)

    def available(self) -> NDArray[np.int64]:
        """Those of the pool that are available and free."""
        return self.available_of(self.pool)

    def shuffled(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The ids in the keyed order of this selection, in which the uniform policy takes them."""
        draws = self.streams.uniform("cohort", *self.about, ids=ids)
        return ids[np.lexsort((ids, draws))]

    def drawn(
        self, purpose: str, ids: NDArray[np.int64], weights: NDArray[np.float64], n: int
    ) -> NDArray[np.int64]:
        """n of the ids without replacement, each draw in proportion to the weights (at least 0);
        the first drawn first (Efraimidis and Spirakis, 2006: largest log(u) / weight)."""
        draws = np.log1p(-self.streams.uniform(purpose, *self.about, ids=ids))  # log of 1 - u
        with np.errstate(divide="ignore", invalid="ignore"):
            keys = np.where(weights > 0, draws / weights, -np.inf)
        return ids[np.lexsort((ids, -keys))[:n]]
