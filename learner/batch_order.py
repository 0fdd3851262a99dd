"""Which texts a job trains on, step by step: drawn from the job's seed, for clock and trainer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def batch_order(
    seed: int, n_texts: int, batch_size: int, n_batches: int
) -> list[NDArray[np.int64]]:
    """Each step's texts as positions in the shard, which has `n_texts` (at least 1 for any step).

    Every epoch is one permutation of the shard; the last batch of an epoch may be smaller.
    """
    generator = np.random.default_rng(seed)
    order: list[NDArray[np.int64]] = []
    while len(order) < n_batches:
        texts = generator.permutation(n_texts)
        starts = range(0, n_texts, batch_size)
        order.extend(texts[start : start + batch_size] for start in starts)
    return order[:n_batches]
