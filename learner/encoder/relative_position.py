"""Buckets of relative positions, as MPNet and T5 (Raffel et al., 2020) count them."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

_FARTHEST = 128
"""From this distance on, all tokens share the last bucket."""


@cache
def relative_buckets(n_tokens: int, n_buckets: int) -> NDArray[np.int64]:
    """(n_tokens, n_tokens): the bucket of a key's position (column) seen from a query's (row).

    Half of the buckets are for keys to the right. Of each half, the first half holds one distance
    each, the others grow by equal factors up to the farthest.
    """
    places = np.arange(n_tokens)
    to_the_left = places[:, None] - places[None, :]
    half = n_buckets // 2
    exact = half // 2
    distance = np.abs(to_the_left)
    # fp32, as the reference computes: rounding decides at the edges of buckets.
    ratio = np.maximum(distance, 1).astype(np.float32) / np.float32(exact)
    steps = np.log(ratio) / np.float32(math.log(_FARTHEST / exact)) * np.float32(half - exact)
    far = np.minimum(exact + steps.astype(np.int64), half - 1)
    side = np.where(to_the_left < 0, half, 0)
    buckets: NDArray[np.int64] = side + np.where(distance < exact, distance, far)
    return buckets
