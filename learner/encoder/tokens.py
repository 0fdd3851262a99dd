"""Tokenise a split, and cut it into fixed batches for passes over the whole split."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Encoding, Tokenizer

from .ragged import IntArray, Ragged

_PLACE_OF_SPACE = "\u00a0"
_LEADING_SPACE: Mapping[str, dict[str, Any]] = {
    "ByteLevel": {"add_prefix_space": True},
    "Metaspace": {"prepend_scheme": "always"},
}
"""By type of pre-tokenizer. A Metaspace without a scheme has always prepended one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens(Ragged):
    """Token ids of all texts, concatenated; text i is `ids[starts[i] : starts[i] + lengths[i]]`."""

    ids: IntArray  # (tokens,)

    def batches(self, max_tokens: int) -> Iterator[IntArray]:
        """All texts, shortest first (ties by index), in batches of at most `max_tokens` tokens.

        The batches depend only on the lengths, because the composition of a batch changes the last
        bits of the results.
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
    """The texts as token ids with special tokens, each cut to `max_tokens`.

    Raises ValueError, with the file's path, if the directory has no valid tokenizer.json.
    """
    return _tokens(_tokenizer(model_dir, max_tokens).encode_batch(list(texts)))


def tokenize_words(
    texts: Sequence[str], model_dir: Path, max_tokens: int
) -> tuple[Tokens, list[dict[int, int]]]:
    """The texts, split at single spaces, as token ids; and where each word starts.

    No token spans two words, and each word has the leading space of a word within a text
    (with_leading_spaces). A no-break space is a space inside a word.

    The second result maps, for each text, a word's number to the position of its first token;
    words beyond `max_tokens` are missing. Raises ValueError as `tokenize` does.
    """
    words = [[word.replace(_PLACE_OF_SPACE, " ") for word in text.split(" ")] for text in texts]
    tokenizer = _tokenizer(model_dir, max_tokens, text_of=with_leading_spaces)
    encodings = tokenizer.encode_batch(words, is_pretokenized=True)
    return _tokens(encodings), [_first_tokens(encoding.word_ids) for encoding in encodings]


def _first_tokens(word_ids: Sequence[int | None]) -> dict[int, int]:
    """The position of each word's first token.

    >>> _first_tokens([None, 0, 1, 1, None])
    {0: 1, 1: 2}
    """
    firsts: dict[int, int] = {}
    for place, word in enumerate(word_ids):
        if word is not None:
            firsts.setdefault(word, place)
    return firsts


def needs_leading_spaces(model_dir: Path) -> bool:
    """Whether the tokens of single words differ if each has a leading space (RoBERTa's do)."""
    try:
        text = (model_dir / "tokenizer.json").read_text(encoding="utf-8")
        return with_leading_spaces(text) != text
    except (OSError, ValueError):
        return False  # _tokenizer refuses such a file


def word_reading(kind: str, model_dir: Path) -> str:
    """What the names of states and activations of a task of this kind say of its words' leading
    spaces: nothing where tokens need none, so that such names stay as they were."""
    is_other = kind == "tagging" and needs_leading_spaces(model_dir)
    return " leading spaces" if is_other else ""


def with_leading_spaces(tokenizer: str) -> str:
    """A tokenizer's JSON that treats every word as preceded by a space (add_prefix_space).

    Byte-level and SentencePiece vocabularies have other tokens for a word at the start of a text
    than for the same word after a space. Without this, each word of a sentence would be read as
    one at the start. The text is returned unchanged if it needs no change.
    """
    content = json.loads(tokenizer)
    if not isinstance(content, dict):
        raise ValueError("must be a JSON object")
    steps = [content.get("pre_tokenizer") or {}]
    is_changed = False
    while steps:
        step = steps.pop()
        steps.extend(step.get("pretokenizers", ()))
        wanted = _LEADING_SPACE.get(str(step.get("type")), {})
        if any(step.get(key, value) != value for key, value in wanted.items()):
            step |= wanted
            is_changed = True
    return json.dumps(content) if is_changed else tokenizer


def largest_token(model_dir: Path) -> int:
    """The largest id that the tokenizer gives. Raises ValueError as `tokenize` does."""
    return max(_tokenizer(model_dir, 1).get_vocab(with_added_tokens=True).values(), default=0)


def _tokenizer(
    model_dir: Path, max_tokens: int, text_of: Callable[[str], str] = lambda text: text
) -> Tokenizer:
    path = model_dir / "tokenizer.json"
    if not path.exists():
        raise ValueError(f"{path}: no such file; the model must have a fast tokenizer")
    try:
        tokenizer = Tokenizer.from_str(text_of(path.read_text(encoding="utf-8")))
    except Exception as error:  # the library raises plain Exception
        raise ValueError(f"{path}: not a valid fast tokenizer ({error})") from None
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def _tokens(encodings: Sequence[Encoding]) -> Tokens:
    ids = [encoding.ids for encoding in encodings]
    lengths = np.array([len(text) for text in ids], dtype=np.int64)
    flat = np.fromiter((token for text in ids for token in text), np.int64, int(lengths.sum()))
    return Tokens(ids=flat, starts=np.cumsum(lengths) - lengths, lengths=lengths)
