"""The input of a selection policy: the clients that it may select, and facts about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.streams import Streams

Ids = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionContext:
    """One selection, at `now_s`, from the clients of a pool (ids in rising order).

    `round` (of the lineage) and `attempt` are the keys of all draws. `available_of(ids)`: those
    that are available and not busy, in the given order. `first_available_of(ids, n)`: the first n
    (at least 1) of them; it queries as few clients as possible. `next_absence_s(id)`: when an
    available client will next be absent (inf: never), read from its trace, so a perfect forecast.
    `expected`, `samples`: see expected_s and n_samples; functions, since few policies need them.
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
        """Expected seconds of a job at mean rates, by client id."""
        return self.expected()

    @property
    def n_samples(self) -> NDArray[np.int64]:
        """Number of training examples, by client id."""
        return self.samples()

    @property
    def keys(self) -> tuple[int, ...]:
        """The keys of this selection's draws; in a first attempt, the round alone."""
        return (self.round, self.attempt) if self.attempt else (self.round,)

    def available(self) -> NDArray[np.int64]:
        """The clients of the pool that are available and not busy."""
        return self.available_of(self.pool)

    def shuffled(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The ids in random order, the same in which the uniform policy selects."""
        draws = self.streams.uniform("cohort", *self.keys, ids=ids)
        return ids[np.lexsort((ids, draws))]

    def draw_weighted(
        self, purpose: str, ids: NDArray[np.int64], weights: NDArray[np.float64], n: int
    ) -> NDArray[np.int64]:
        """n ids, drawn without replacement with probabilities in proportion to the weights (>= 0).

        In the order of the draws (Efraimidis and Spirakis, 2006: by falling log(u) / weight).
        """
        draws = np.log1p(-self.streams.uniform(purpose, *self.keys, ids=ids))  # log of 1 - u
        with np.errstate(divide="ignore", invalid="ignore"):
            keys = np.where(weights > 0, draws / weights, -np.inf)
        return ids[np.lexsort((ids, -keys))[:n]]
