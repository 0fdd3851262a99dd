"""From predictions to an Evaluation."""

from __future__ import annotations

import numpy as np

from .spec import Evaluation


def score(predicted: np.ndarray, labels: np.ndarray, losses: np.ndarray) -> Evaluation:
    """Scores of (n,) predicted and true label ids and (n,) cross-entropies, n at least 1.

    Macro-F1 is the mean over the labels that occur among the true or the predicted ones.
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
