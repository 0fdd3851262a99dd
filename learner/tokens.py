"""A split as token ids laid end to end, and the fixed batches in which a whole split is passed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Text i is `ids[starts[i] : starts[i] + lengths[i]]`; every array is int64."""

    ids: IntArray  # (tokens,)
    starts: IntArray  # (texts,)
    lengths: IntArray  # (texts,)

    def rows(self, texts: IntArray) -> IntArray:
        """Places in `ids` of the texts' tokens, text after text."""
        return np.repeat(self.starts[texts], self.lengths[texts]) + self.positions(texts)

    def positions(self, texts: IntArray) -> IntArray:
        """Each token's position in its own text."""
        lengths = self.lengths[texts]
        ends = np.cumsum(lengths)
        return np.arange(lengths.sum()) - np.repeat(ends - lengths, lengths)

    def batches(self, max_tokens: int) -> Iterator[IntArray]:
        """All texts, shortest first (ties by index), in batches of at most `max_tokens` tokens.

        A pure function of the lengths, since the composition of a batch moves last bits.
        """
        order = np.argsort(self.lengths, kind="stable")
        batch: list[int] = []
        n_tokens = 0
        for text in order.tolist():
            length = int(self.lengths[text])
            if batch and n_tokens + length > max_tokens:
                yield np.array(batch)
                batch, n_tokens = [], 0
            batch.append(text)
            n_tokens += length
        if batch:
            yield np.array(batch)


def tokenize(texts: Sequence[str], model_dir: Path, max_tokens: int) -> Tokens:
    """The texts in the model's tokens, special ones included, cut at `max_tokens` each.

    Raises ValueError, naming the file, if the directory has no sound tokenizer.json.
    """
    path = model_dir / "tokenizer.json"
    if not path.exists():
        raise ValueError(f"{path}: no such file; the model must bring a fast tokenizer")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(f"{path}: must be a fast tokenizer: {error}") from None
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    ids = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    lengths = np.array([len(text) for text in ids], dtype=np.int64)
    flat = np.fromiter((token for text in ids for token in text), np.int64, int(lengths.sum()))
    return Tokens(ids=flat, starts=np.cumsum(lengths) - lengths, lengths=lengths)
