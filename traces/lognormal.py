"""Log-normal bandwidth: its logarithm is a first-order autoregression."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .step import StepTrace


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormalBandwidth:
    """Log-normal bandwidth with an exponential autocorrelation of its logarithm.

    mean_bytes_per_s: expected rate. variation: coefficient of variation of the rate.
    correlation_s: lag at which the logarithm's autocorrelation has fallen to 1/e.
    """

    mean_bytes_per_s: float
    variation: float
    correlation_s: float
    step_s: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.mean_bytes_per_s < math.inf:
            raise ValueError(f"mean_bytes_per_s must be positive, got {self.mean_bytes_per_s}")
        if not 0.0 <= self.variation < math.inf:
            raise ValueError(f"variation must be at least 0, got {self.variation}")
        if not (self.correlation_s > 0.0 and self.step_s > 0.0):
            raise ValueError("correlation_s and step_s must be positive")

    def sample(self, rng: np.random.Generator, duration_s: float = 600.0) -> StepTrace:
        """One looping trace of `duration_s`, in bytes/s. Draws only from `rng`.

        log rate = log mean - sigma^2 / 2 + sigma z, sigma^2 = log(1 + variation^2), where z is
        the stationary AR(1) z' = a z + sqrt(1 - a^2) e with a = exp(-step / correlation).
        """
        if not 0.0 < duration_s < math.inf:
            raise ValueError(f"duration_s must be positive and finite, got {duration_s}")
        n = max(math.ceil(duration_s / self.step_s - 1e-9), 1)
        sigma = math.sqrt(math.log1p(self.variation**2))
        keep = math.exp(-self.step_s / self.correlation_s)
        fresh = math.sqrt(1.0 - keep**2)
        z = rng.standard_normal(n)
        for i in range(1, n):
            z[i] = keep * z[i - 1] + fresh * z[i]
        rates = self.mean_bytes_per_s * np.exp(sigma * z - sigma**2 / 2)
        times_s = np.arange(n, dtype=np.float64) * np.float64(self.step_s)
        return StepTrace(times_s=times_s, values=rates, period_s=duration_s)
