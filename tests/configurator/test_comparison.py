"""Paired comparisons by hand, and the e-value's promise by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from configurator.comparison import correct_bits, e_value, loss_difference, wins
from configurator.protocol import BranchScore


def of_losses(*losses: float) -> BranchScore:
    return BranchScore(accuracy=0.5, rounds=1, losses=lambda: losses)


def test_losses_are_compared_example_by_example() -> None:
    found = loss_difference(of_losses(1.0, 2.0, 3.0), of_losses(2.0, 2.0, 5.0))
    assert (found.mean, found.n) == (-1.0, 3)
    assert found.stderr == pytest.approx(1.0 / math.sqrt(3))
    assert found.p_below_0 == pytest.approx(0.0416, abs=1e-4)  # z = -1.732
    two = loss_difference(of_losses(1.0, 5.0), of_losses(0.0, 2.0))
    assert (two.mean, two.stderr) == (2.0, 1.0)  # variance ((1 - 2)^2 + (3 - 2)^2) / 1
    same = loss_difference(of_losses(1.0, 2.0), of_losses(1.0, 2.0))
    assert (same.mean, same.stderr, same.p_below_0) == (0.0, 0.0, 0.5)
    with pytest.raises(ValueError, match="branches have 2 and 1 examples"):
        loss_difference(of_losses(1.0, 2.0), of_losses(1.0))


def test_wins_are_counted_from_the_bitmaps() -> None:
    one = BranchScore(accuracy=0.5, rounds=1, correct="a0")  # 1010 0
    other = BranchScore(accuracy=0.5, rounds=1, correct="c8")  # 1100 1
    assert correct_bits(one, 5) == [True, False, True, False, False]
    assert wins(one, other, 5) == (1, 2)
    assert wins(BranchScore(accuracy=0.5, rounds=1, correct="80"), other, 5) == (0, 2)


def test_a_bitmap_has_a_bit_for_every_example() -> None:
    score = BranchScore(accuracy=0.5, rounds=1, correct="a0")
    assert sum(correct_bits(score, 8)) == 2
    assert correct_bits(BranchScore(accuracy=0.5, rounds=1, correct=""), 0) == []
    with pytest.raises(ValueError, match="correct has 8 bits for 9 examples"):
        correct_bits(score, 9)


def test_the_e_value_by_hand() -> None:
    assert e_value(0, 0) == pytest.approx(1.0)
    assert e_value(1, 0) == pytest.approx(1.0)  # the mean of Beta(1/2, 1/2) is 1/2
    assert e_value(2, 0) == pytest.approx(4 * 3 / 8)  # its second moment is 3/8
    assert e_value(3, 5) == e_value(5, 3)


def test_looking_after_every_example_seldom_finds_what_is_not_there() -> None:
    """Ville: the chance that it ever exceeds 20 in 400 fair examples is at most 0.05."""
    rng = np.random.default_rng(0)
    n_runs, n_examples = 300, 400
    ever = 0
    for _ in range(n_runs):
        won = np.cumsum(rng.random(n_examples) < 0.5)
        looks = range(9, n_examples, 10)
        ever += any(e_value(int(won[i]), i + 1 - int(won[i])) > 20 for i in looks)
    assert ever / n_runs <= 0.05
