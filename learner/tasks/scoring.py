"""Compute an Evaluation (accuracy or entity F1, macro-F1, loss) from predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learner.spec import Evaluation

OUTSIDE = "O"
"""The tag of words outside any entity."""


def score(predicted: np.ndarray, labels: np.ndarray, losses: np.ndarray) -> Evaluation:
    """Scores of (n,) predicted and true label ids and (n,) cross-entropies, n at least 1.

    Macro-F1 is the mean over all labels that occur in the truth or the predictions.
    """
    correct = predicted == labels
    size = int(max(predicted.max(), labels.max())) + 1
    hits = np.bincount(labels[correct], minlength=size)
    seen = np.bincount(labels, minlength=size) + np.bincount(predicted, minlength=size)
    f1 = 2.0 * hits[seen > 0] / seen[seen > 0]
    return Evaluation(
        accuracy=float(correct.mean()),
        macro_f1=float(f1.mean()),
        loss=float(losses.mean(dtype=np.float64)),
        n_examples=len(labels),
        correct=np.packbits(correct).tobytes().hex(),
    )


def score_tags(
    names: Sequence[str],
    predicted: np.ndarray,
    labels: np.ndarray,
    n_words: np.ndarray,
    losses: np.ndarray,
) -> Evaluation:
    """Scores of (words,) predicted and true tag ids; the sentences have `n_words` words each.

    `accuracy` is the entity-level F1, `macro_f1` its mean over the entity types. An example is a
    sentence, and correct if all its tags are. `losses` has only the words that were not cut off.
    """
    f1 = entity_f1(names, predicted, labels, n_words)
    starts = np.cumsum(n_words) - n_words
    correct = np.logical_and.reduceat(predicted == labels, starts)
    return Evaluation(
        accuracy=f1.micro,
        macro_f1=f1.macro,
        loss=float(losses.mean(dtype=np.float64)),
        n_examples=len(n_words),
        correct=np.packbits(correct).tobytes().hex(),
    )


@dataclass(frozen=True, slots=True)
class EntityF1:
    """F1 over all entities, and its mean over the types that occur in truth or predictions."""

    micro: float
    macro: float


def entity_f1(
    names: Sequence[str], predicted: np.ndarray, labels: np.ndarray, n_words: np.ndarray
) -> EntityF1:
    """Entity-level F1 (0-1) of seqeval, which reads B- and I- as conlleval; 0 without entities."""
    from seqeval.metrics import f1_score  # slow to import and needed for tagging only

    ends = np.cumsum(n_words)[:-1]
    named = np.asarray(names, dtype=object)
    true, guessed = ([list(s) for s in np.split(named[ids], ends)] for ids in (labels, predicted))
    if all(tag == OUTSIDE for sentence in (*true, *guessed) for tag in sentence):
        return EntityF1(0.0, 0.0)
    micro, macro = (
        float(f1_score(true, guessed, average=average, zero_division=0))
        for average in ("micro", "macro")
    )
    return EntityF1(micro, macro)
