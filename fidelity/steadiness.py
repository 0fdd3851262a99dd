"""The variation of this machine's speed: fixed work, again and again, by length of block."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

_BLOCKS_S = (0.1, 1.0, 5.0, 15.0)
_ADDITIONS = 100_000


def work_seconds(for_s: float) -> list[float]:
    """Seconds of the same loop of additions, repeated for `for_s` seconds."""
    found: list[float] = []
    end_s = time.monotonic() + for_s
    while (begun_s := time.monotonic()) < end_s:
        total = 0
        for i in range(_ADDITIONS):
            total += i
        found.append(time.monotonic() - begun_s)
    return found


def variation(seconds: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Lengths of blocks, and the standard deviation of a block's mean over the mean.

    Only lengths of which there are at least three blocks.
    """
    values = np.array(seconds)
    for block_s in _BLOCKS_S:
        size = max(round(block_s / values.mean()), 1)
        if (n_blocks := len(values) // size) >= 3:
            means = values[: n_blocks * size].reshape(n_blocks, size).mean(axis=1)
            yield block_s, float(means.std(ddof=1) / means.mean())
