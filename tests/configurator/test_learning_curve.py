"""Learning-curve fits: curves of known parameters, with and without noise."""

from __future__ import annotations

import numpy as np
import pytest

from configurator.learning_curve import LEAST_POINTS, fit_learning_curve

ROUNDS = list(range(0, 42, 2))


def test_a_curve_without_noise_is_found_again() -> None:
    losses = [0.4 + 3.0 / (1.0 + r / 8.0) for r in ROUNDS]
    curve = fit_learning_curve(ROUNDS, losses)
    assert (curve.asymptote, curve.span) == pytest.approx((0.4, 3.0), rel=1e-4)
    assert curve.half_rounds == pytest.approx(8.0, rel=1e-4)
    assert curve.low == pytest.approx(curve.high, abs=1e-3)
    assert curve.loss(8) == pytest.approx(0.4 + 1.5, rel=1e-4)


def test_the_interval_holds_the_asymptote_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    n_held = 0
    for _ in range(200):
        noise = random.normal(0.0, 0.03, len(ROUNDS))
        losses = [0.5 + 3.0 / (1.0 + r / 6.0) + e for r, e in zip(ROUNDS, noise, strict=True)]
        curve = fit_learning_curve(ROUNDS, losses, confidence=0.8)
        n_held += curve.low <= 0.5 <= curve.high
    assert 140 <= n_held <= 180  # 160 expected, 3.5 standard errors each way


def test_a_straight_fall_says_little_about_its_end() -> None:
    curve = fit_learning_curve([0, 1, 2, 3, 4, 5], [3.0, 2.95, 2.9, 2.86, 2.8, 2.75])
    assert curve.low == 0.0
    assert curve.high <= 2.75


def test_a_flat_curve_has_ended() -> None:
    curve = fit_learning_curve(ROUNDS, [0.7] * len(ROUNDS))
    assert curve.loss(100) == pytest.approx(0.7, abs=1e-3)


def test_too_few_points_are_refused() -> None:
    with pytest.raises(ValueError, match=f"needs {LEAST_POINTS} points, got 4"):
        fit_learning_curve([0, 1, 2, 3], [4.0, 3.0, 2.0, 1.0])
