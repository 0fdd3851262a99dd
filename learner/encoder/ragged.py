"""Things of unequal number a text, laid end to end: tokens, labelled words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ragged:
    """Text i has `lengths[i]` places from `starts[i]` on; both arrays are int64."""

    starts: IntArray  # (texts,)
    lengths: IntArray  # (texts,)

    def rows(self, texts: IntArray) -> IntArray:
        """The places of the texts, text after text."""
        return np.repeat(self.starts[texts], self.lengths[texts]) + self.positions(texts)

    def positions(self, texts: IntArray) -> IntArray:
        """The number of each of these places in its own text."""
        lengths = self.lengths[texts]
        ends = np.cumsum(lengths)
        return np.arange(lengths.sum()) - np.repeat(ends - lengths, lengths)
