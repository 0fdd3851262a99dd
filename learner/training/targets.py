"""What carries a label in each text: the text as a whole, or the first piece of each word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from learner.encoder.ragged import IntArray, Ragged


@dataclass(frozen=True, slots=True, kw_only=True)
class Units(Ragged):
    """`labels[u]` is the label id of unit u, which is number `places[u]` of the split's labels.

    `pieces[u]` is the place of its token in its own text; None: the mean over the whole text.
    """

    labels: IntArray  # (units,)
    places: IntArray  # (units,)
    pieces: IntArray | None  # (units,)


def whole_texts(labels: IntArray) -> Units:
    """One label a text."""
    places = np.arange(len(labels))
    return Units(
        starts=places, lengths=np.ones_like(places), labels=labels, places=places, pieces=None
    )


def first_pieces(labels: IntArray, n_words: IntArray, found: Sequence[Mapping[int, int]]) -> Units:
    """One label a word, at the word's first piece; words that were cut off are left out.

    `found` has the place of every word's first piece, by text. Raises ValueError for a text of
    which no word is left: there would be nothing to learn from it.
    """
    lengths = np.array([len(words) for words in found], dtype=np.int64)
    if not lengths.all():
        raise ValueError(f"text {lengths.argmin()} has no word that the model's tokenizer knows")
    first_words = np.repeat(np.cumsum(n_words) - n_words, lengths)
    places = first_words + np.array([word for words in found for word in words], dtype=np.int64)
    return Units(
        starts=np.cumsum(lengths) - lengths,
        lengths=lengths,
        labels=labels[places],
        places=places,
        pieces=np.array([at for words in found for at in words.values()], dtype=np.int64),
    )
