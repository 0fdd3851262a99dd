"""Arrays with a different number of items per text (tokens, labelled words), concatenated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ragged:
    """Text i has the items from `starts[i]` to `starts[i] + lengths[i]`; both arrays are int64."""

    starts: IntArray  # (texts,)
    lengths: IntArray  # (texts,)

    def rows(self, texts: IntArray) -> IntArray:
        """The indices of all items of the texts, text after text."""
        return np.repeat(self.starts[texts], self.lengths[texts]) + self.positions(texts)

    def positions(self, texts: IntArray) -> IntArray:
        """For each of these items, its position in its text, from 0."""
        lengths = self.lengths[texts]
        ends = np.cumsum(lengths)
        return np.arange(lengths.sum()) - np.repeat(ends - lengths, lengths)
