"""What chance does to the clients of a round, in one keyed draw for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.streams import Streams

from .client_job import NO_DROPOUT


def work_factors(
    streams: Streams, sigma: float, lineage_round: int, attempt: int, ids: Sequence[int]
) -> list[float]:
    """Log-normal factors of mean 1 for the clients' compute times; sigma: of the logarithm."""
    if sigma == 0.0:
        return [1.0] * len(ids)
    radius = streams.uniform("jitter radius", lineage_round, attempt, ids=ids)
    angle = streams.uniform("jitter angle", lineage_round, attempt, ids=ids)
    # Box-Muller; 1 - u is in (0, 1], so that the logarithm is finite
    normal = np.sqrt(-2.0 * np.log1p(-radius)) * np.cos(2.0 * np.pi * angle)
    factors: list[float] = np.exp(sigma * normal - sigma**2 / 2).tolist()
    return factors


def dropout_points(
    streams: Streams, p_dropout: float, lineage_round: int, attempt: int, ids: Sequence[int]
) -> list[float]:
    """Where in its stages, 0 to 3, each client vanishes; NO_DROPOUT for those who stay."""
    if p_dropout == 0.0:
        return [NO_DROPOUT] * len(ids)
    draws = streams.uniform("dropout", lineage_round, attempt, ids=ids)
    # A draw at or above p_dropout becomes exactly 1, the end of the last stage: it stays.
    points: list[float] = (np.minimum(draws, p_dropout) / p_dropout * NO_DROPOUT).tolist()
    return points
