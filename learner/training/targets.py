"""Targets: what has a label in a text. The whole text, or the first token of each word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from learner.encoder.ragged import IntArray, Ragged


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets(Ragged):
    """The targets of a split, text after text.

    Target t has the label id `labels[t]`, which is element `label_rows[t]` of the split's labels.
    Its token is at position `token_positions[t]` of its text. None: the targets are whole texts.
    """

    labels: IntArray  # (targets,)
    label_rows: IntArray  # (targets,)
    token_positions: IntArray | None  # (targets,)


def text_targets(labels: IntArray) -> Targets:
    """One target per text."""
    places = np.arange(len(labels))
    return Targets(
        starts=places,
        lengths=np.ones_like(places),
        labels=labels,
        label_rows=places,
        token_positions=None,
    )


def word_targets(
    labels: IntArray, n_words: IntArray, found: Sequence[Mapping[int, int]]
) -> Targets:
    """One target per word, at its first token; words beyond `max_tokens` are left out.

    `found` has, for each text, the position of each word's first token (tokenize_words). Raises
    ValueError for a text without any such word.
    """
    lengths = np.array([len(words) for words in found], dtype=np.int64)
    if not lengths.all():
        raise ValueError(f"text {lengths.argmin()} has no word that the model's tokenizer can read")
    first_words = np.repeat(np.cumsum(n_words) - n_words, lengths)
    places = first_words + np.array([word for words in found for word in words], dtype=np.int64)
    return Targets(
        starts=np.cumsum(lengths) - lengths,
        lengths=lengths,
        labels=labels[places],
        label_rows=places,
        token_positions=np.array([at for words in found for at in words.values()], dtype=np.int64),
    )
