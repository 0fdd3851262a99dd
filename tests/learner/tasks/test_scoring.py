from __future__ import annotations

import numpy as np
import pytest

from learner.tasks.scoring import EntityF1, entity_f1, score


def test_scores_by_hand() -> None:
    """Labels 0, 0, 1, 2 against 0, 1, 1, 3: F1 is 2/3, 2/3, 0 and 0, label 4 is nowhere."""
    labels, predicted = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 3])
    got = score(predicted, labels, np.array([0.5, 1.0, 1.5, 2.0], np.float32))
    assert got.accuracy == 0.5
    assert got.macro_f1 == pytest.approx((2 / 3 + 2 / 3) / 4)
    assert got.loss == 1.25
    assert got.n_examples == 4
    assert got.correct == "a0"  # 1010, first example in the highest bit


def test_without_any_entity_in_truth_and_predictions_both_f1_are_0() -> None:
    words = np.array([0, 0, 0])  # two sentences of words outside any entity
    assert entity_f1(("O", "B-PER"), words, words, np.array([2, 1])) == EntityF1(0.0, 0.0)
