"""Task: a data set in splits, with its labels and its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from learner.spec import Evaluation

from .scoring import OUTSIDE, entity_f1, score, score_tags

TaskKind = Literal["text", "tagging"]

_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Texts and label ids: `labels` is (texts,), or (words,) in tagging, text after text.

    In tagging, a text is its words joined by single spaces. `clients` names the owner of each text,
    if the source has owners.
    """

    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    clients: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return f"Split({len(self)} texts)"

    @property
    def n_words(self) -> NDArray[np.int64]:
        """(texts,) number of words of each text."""
        return np.array([text.count(" ") + 1 for text in self.texts], dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """A data set in three splits. `labels[i]` names label id i; `digest` identifies the content.

    `repeats` counts, by split, the examples left out because an earlier split has the same text.
    `warnings` are lines on what may surprise about the data.
    """

    name: str
    kind: TaskKind = "text"
    labels: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    digest: str
    repeats: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        sizes = ", ".join(f"{len(self.split(name))} {name}" for name in _SPLITS)
        return f"Task({self.name!r}, {self.kind}, {len(self.labels)} labels, {sizes})"

    @property
    def metric(self) -> str:
        """What `Evaluation.accuracy` is for this task: "accuracy", or "entity F1" in tagging."""
        return "entity F1" if self.kind == "tagging" else "accuracy"

    def split(self, name: str) -> Split:
        """The split called "train", "validation" or "test"."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    def majority_accuracy(self, split: str) -> float:
        """The score on a split of always answering the training split's most frequent label.

        This is that label's share (0-1) of the texts; in tagging the entity F1, 0 if it is "O".
        """
        labels = self.split(split).labels
        answer = np.full_like(labels, np.bincount(self.train.labels).argmax())
        if self.kind == "text":
            return float(np.mean(labels == answer))
        return entity_f1(self.labels, answer, labels, self.split(split).n_words).micro

    @property
    def unread_id(self) -> int:
        """The label id predicted for words beyond the model's `max_tokens`: outside any entity."""
        return self.labels.index(OUTSIDE) if OUTSIDE in self.labels else 0

    def score(self, split: str, predicted: NDArray[np.int64], losses: np.ndarray) -> Evaluation:
        """The Evaluation of predicted label ids for all texts (in tagging, words) of a split."""
        part = self.split(split)
        if self.kind == "text":
            return score(predicted, part.labels, losses)
        return score_tags(self.labels, predicted, part.labels, part.n_words, losses)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The classes for label skew: the labels; in tagging "none" and the entity types."""
        if self.kind == "text":
            return self.labels
        types = sorted({entity_type(label) for label in self.labels if label != OUTSIDE})
        return ("none", *types)

    def class_ids(self, split: Split) -> NDArray[np.int64]:
        """(texts,) the class of each text.

        In tagging, the type with the most words in the text, among equals the first one in the
        text; "none" for a text without entities.
        """
        if self.kind == "text":
            return split.labels
        ids = {name: i for i, name in enumerate(self.classes)}
        of_label = [0 if label == OUTSIDE else ids[entity_type(label)] for label in self.labels]
        classes = np.array(of_label, dtype=np.int64)[split.labels]  # (words,)
        ends = np.cumsum(split.n_words)
        return np.array([_commonest(words) for words in np.split(classes, ends[:-1])], np.int64)


def entity_type(label: str) -> str:
    """The type of an entity tag.

    >>> entity_type("B-LOC")
    'LOC'
    """
    return label.partition("-")[2]


def _commonest(classes: NDArray[np.int64]) -> int:
    named = classes[classes > 0]
    values, firsts, counts = np.unique(named, return_index=True, return_counts=True)
    return int(values[np.lexsort((firsts, -counts))[0]]) if len(named) else 0


def content_digest(kind: TaskKind, labels: Sequence[str], splits: Sequence[Split]) -> str:
    """blake2b-128 of labels, texts and label ids, but not of the owners of the texts."""
    hasher = blake2b(digest_size=16)
    if kind != "text":
        hasher.update(f"{kind}\0".encode())
    for part in (labels, *(split.texts for split in splits)):
        hasher.update(f"{len(part)}\0".encode())
        for text in part:
            encoded = text.encode()
            hasher.update(f"{len(encoded)}\0".encode() + encoded)
    for split in splits:
        hasher.update(split.labels.astype("<i8").tobytes())
    return hasher.hexdigest()
