"""Relative position buckets of MPNet, which are those of T5 (Raffel et al., 2020)."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

_FARTHEST = 128
"""All tokens at this distance or farther share the last bucket."""


@cache
def relative_buckets(n_tokens: int, n_buckets: int) -> NDArray[np.int64]:
    """(n_tokens, n_tokens): the bucket of each pair of query position (row) and key position.

    Half of the buckets are for keys to the right of the query. In each half, the first half of the
    buckets has one distance each; the others widen by equal factors.
    """
    places = np.arange(n_tokens)
    to_the_left = places[:, None] - places[None, :]
    half = n_buckets // 2
    exact = half // 2
    distance = np.abs(to_the_left)
    # fp32 as in transformers, since rounding decides at the edges of the buckets
    ratio = np.maximum(distance, 1).astype(np.float32) / np.float32(exact)
    steps = np.log(ratio) / np.float32(math.log(_FARTHEST / exact)) * np.float32(half - exact)
    far = np.minimum(exact + steps.astype(np.int64), half - 1)
    side = np.where(to_the_left < 0, half, 0)
    buckets: NDArray[np.int64] = side + np.where(distance < exact, distance, far)
    return buckets
