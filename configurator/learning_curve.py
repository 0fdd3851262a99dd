"""Fits a learning curve: the loss over rounds, with an interval of what it falls towards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from learner.ranges import require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_POINTS = 5
"""A fit has three parameters, and needs some points more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningCurve:
    """loss(rounds) = asymptote + span / (1 + rounds / half_rounds), in nats.

    After `half_rounds` half of `span` is gained. `low` to `high`: the interval of the asymptote,
    which counts the scatter of the points and nothing else, such as another form of the curve.
    """

    asymptote: float
    span: float
    half_rounds: float
    low: float
    high: float

    def loss(self, rounds: float) -> float:
        return self.asymptote + self.span / (1.0 + rounds / self.half_rounds)


def fit_learning_curve(
    rounds: Sequence[float], losses: Sequence[float], *, confidence: float = 0.8
) -> LearningCurve:
    """Fit by least squares; no loss is below 0. confidence (0-1): of the interval, by Student's t.

    Raises ValueError for fewer than LEAST_POINTS points.
    """
    import numpy as np
    from scipy.optimize import least_squares
    from scipy.stats import t

    n = len(rounds)
    require(n >= LEAST_POINTS, f"a learning curve needs {LEAST_POINTS} points, got {n}")
    at, measured = np.asarray(rounds, dtype=float), np.asarray(losses, dtype=float)

    def residuals(values: NDArray[np.float64]) -> NDArray[np.float64]:
        differences: NDArray[np.float64] = values[0] + values[1] / (1.0 + at / values[2]) - measured
        return differences

    least, most = float(measured.min()), max(float(measured.max()), 1e-9)
    farthest = max(float(at.max()), 1.0)
    fit = least_squares(
        residuals,
        x0=(0.5 * least, most - 0.5 * least, 0.3 * farthest),
        bounds=((0.0, 0.0, 1e-3), (most, 100.0 * most, 100.0 * farthest)),
        x_scale=(most, most, farthest),
    )
    asymptote, span, half_rounds = (float(value) for value in fit.x)
    covariance = np.linalg.pinv(fit.jac.T @ fit.jac) * (2.0 * fit.cost / (n - 3))
    stderr = float(np.sqrt(max(covariance[0, 0], 0.0)))
    margin = stderr * float(t.ppf(0.5 + 0.5 * confidence, n - 3))
    return LearningCurve(
        asymptote=asymptote,
        span=span,
        half_rounds=half_rounds,
        low=max(asymptote - margin, 0.0),
        high=min(asymptote + margin, least),
    )
