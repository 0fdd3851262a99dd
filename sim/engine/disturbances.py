"""What chance does to the jobs of a round: jitter of the compute time, and dropouts.

Drawn for all clients of a round in one keyed hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.streams import Streams

from .client_job import NO_DROPOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbances:
    """`jitter`: standard deviation of the logarithm of the compute time. `p_dropout`: probability
    that a client vanishes in a round."""

    streams: Streams
    jitter: float
    p_dropout: float

    def draw(
        self, lineage_round: int, attempt: int, ids: Sequence[int]
    ) -> list[tuple[float, float]]:
        """For each client its compute-time factor and its dropout point."""
        factors = self.work_factors(lineage_round, attempt, ids)
        points = self.dropout_points(lineage_round, attempt, ids)
        return list(zip(factors, points, strict=True))

    def work_factors(self, lineage_round: int, attempt: int, ids: Sequence[int]) -> list[float]:
        """Log-normal factors of mean 1 for the clients' compute times."""
        sigma = self.jitter
        if sigma == 0.0:
            return [1.0] * len(ids)
        radius = self.streams.uniform("jitter radius", lineage_round, attempt, ids=ids)
        angle = self.streams.uniform("jitter angle", lineage_round, attempt, ids=ids)
        # Box-Muller; 1 - u is in (0, 1], so that the logarithm is finite
        normal = np.sqrt(-2.0 * np.log1p(-radius)) * np.cos(2.0 * np.pi * angle)
        factors: list[float] = np.exp(sigma * normal - sigma**2 / 2).tolist()
        return factors

    def dropout_points(self, lineage_round: int, attempt: int, ids: Sequence[int]) -> list[float]:
        """Where in its stages, from 0 to 3, each client vanishes; NO_DROPOUT for those who stay."""
        if self.p_dropout == 0.0:
            return [NO_DROPOUT] * len(ids)
        draws = self.streams.uniform("dropout", lineage_round, attempt, ids=ids)
        # A draw at or above p_dropout becomes exactly 1, the end of the last stage: it stays.
        shares = np.minimum(draws, self.p_dropout) / self.p_dropout
        points: list[float] = (shares * NO_DROPOUT).tolist()
        return points
