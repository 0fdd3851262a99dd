"""A client's stored activations, text by text (docs/model.md, activation cache)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EMPTY = -1
"""The depth of a text whose activations are not stored."""

Positions = NDArray[np.int64]


class ActivationCache:
    """The output of the frozen layers below the tuned ones, for each text of a client's shard.

    `depths`: the tuned depth for which each text's activations are stored, by position in the shard
    (EMPTY: they are not); one number where all texts are alike. What is stored for a depth serves
    that depth and every smaller one. `bytes_per_text`, `write_s_per_text`: the size of one text's
    activations, and the seconds of writing them.
    """

    __slots__ = ("bytes_per_text", "depths", "n_texts", "write_s_per_text")

    def __init__(
        self, n_texts: int, bytes_per_text: int = 0, write_s_per_text: float = 0.0
    ) -> None:
        self.n_texts, self.bytes_per_text = n_texts, bytes_per_text
        self.write_s_per_text = write_s_per_text
        self.depths: int | NDArray[np.int64] = EMPTY

    @property
    def n_stored(self) -> int:
        """The number of texts whose activations are stored."""
        if isinstance(self.depths, int):
            return 0 if self.depths == EMPTY else self.n_texts
        return int(np.count_nonzero(self.depths != EMPTY))

    def n_read(self, n_steps: int, batch_size: int) -> int:
        """The number of texts in a job's steps, one that comes in two epochs counted twice."""
        n_epochs, n_more = divmod(n_steps, self.steps_an_epoch(batch_size))
        return n_epochs * self.n_texts + min(n_more * batch_size, self.n_texts)

    def steps_an_epoch(self, batch_size: int) -> int:
        return max(1, -(-self.n_texts // batch_size))

    @property
    def n_bytes(self) -> int:
        return self.n_stored * self.bytes_per_text

    def store(self, depth: int, texts: Positions | None = None) -> None:
        """Store these texts' activations for a tuned depth (None: all texts').

        A text that is stored for a greater depth stays so.
        """
        if texts is None and isinstance(self.depths, int):
            self.depths = max(self.depths, depth)
            return
        depths = by_text(self.depths, self.n_texts)
        chosen = slice(None) if texts is None else texts
        depths[chosen] = np.maximum(depths[chosen], depth)
        is_uniform = bool((depths == depths[0]).all())
        self.depths = int(depths[0]) if is_uniform else depths


def by_text(depths: int | NDArray[np.int64], n_texts: int) -> NDArray[np.int64]:
    """(n_texts,) The depth of each text, as a new array."""
    return np.full(n_texts, depths) if isinstance(depths, int) else depths.copy()
