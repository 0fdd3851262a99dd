"""Random bandwidth with the mean, the variation and the outages of real recordings.

A hidden Markov chain stays in a state for an exponential time and then moves to any other state
with equal probability; within a state the rate varies from step to step by a log-normal factor
of mean 1. Each preset's rates are the means of quantile classes of the recordings it names, its
dwell times give every state the share of time it had there and the recording's autocorrelation
time, and its log-normal spread brings the whole to the recorded coefficient of variation (all
over steps of 1 s; the sources are in data/SOURCES.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from .step import StepTrace

OUTAGE_BYTES_PER_S = 12_500.0
"""Below 0.1 Mbit/s counts as an outage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkovBandwidth:
    """A bandwidth model: one rate and one mean dwell time for each state.

    sigma: standard deviation of the logarithm of the rate within a state.
    outage_share: share of time below OUTAGE_BYTES_PER_S in the recordings, for comparison.
    """

    rates_bytes_per_s: tuple[float, ...]
    dwells_s: tuple[float, ...]
    sigma: float
    outage_share: float = 0.0
    step_s: float = 0.5

    def __post_init__(self) -> None:
        if len(self.rates_bytes_per_s) != len(self.dwells_s) or not self.dwells_s:
            raise ValueError("every state needs one rate and one dwell time")
        if min(self.rates_bytes_per_s) < 0.0 or min(self.dwells_s) <= 0.0:
            raise ValueError("rates must be at least 0 and dwell times positive")
        if self.sigma < 0.0 or self.step_s <= 0.0:
            raise ValueError("sigma must be at least 0 and step_s positive")

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of time in each state: moves are uniform, so time goes by dwell alone."""
        dwells_s = np.asarray(self.dwells_s)
        return np.asarray(dwells_s / dwells_s.sum(), dtype=np.float64)

    @property
    def mean_bytes_per_s(self) -> float:
        """Expected rate."""
        return float(self.shares @ np.asarray(self.rates_bytes_per_s))

    @property
    def variation(self) -> float:
        """Expected coefficient of variation (standard deviation / mean) of the steps."""
        square = self.shares @ np.square(self.rates_bytes_per_s) * math.exp(self.sigma**2)
        return math.sqrt(float(square) / self.mean_bytes_per_s**2 - 1.0)

    def sample(self, rng: np.random.Generator, duration_s: float = 600.0) -> StepTrace:
        """One looping trace of `duration_s`, in bytes/s. Draws only from `rng`."""
        if not 0.0 < duration_s < math.inf:
            raise ValueError(f"duration_s must be positive and finite, got {duration_s}")
        n = max(math.ceil(duration_s / self.step_s - 1e-9), 1)
        times_s = np.arange(n, dtype=np.float64) * np.float64(self.step_s)
        rates = np.asarray(self.rates_bytes_per_s)[self._states_at(times_s, rng)]
        spread = np.exp(self.sigma * rng.standard_normal(len(times_s)) - self.sigma**2 / 2)
        return StepTrace(times_s=times_s, values=rates * spread, period_s=duration_s)

    def _states_at(
        self, times_s: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.intp]:
        n_states = len(self.dwells_s)
        states = [int(rng.choice(n_states, p=self.shares))]
        ends_s = [rng.exponential(self.dwells_s[states[0]])]
        while n_states > 1 and ends_s[-1] <= times_s[-1]:
            states.append((states[-1] + int(rng.integers(1, n_states))) % n_states)
            ends_s.append(ends_s[-1] + rng.exponential(self.dwells_s[states[-1]]))
        visit = np.searchsorted(ends_s[:-1], times_s, side="right")
        return np.asarray(states)[visit]


def gilbert_elliott(
    good_bytes_per_s: float, bad_bytes_per_s: float, good_s: float, bad_s: float
) -> MarkovBandwidth:
    """The two-state model: a good and a bad rate, each held for an exponential time of its mean."""
    return MarkovBandwidth(
        rates_bytes_per_s=(good_bytes_per_s, bad_bytes_per_s), dwells_s=(good_s, bad_s), sigma=0.0
    )


PRESETS = {
    "3g.down": MarkovBandwidth(
        rates_bytes_per_s=(2_250.0, 39_100.0, 103_000.0, 206_000.0, 405_000.0),
        dwells_s=(13.8, 16.0, 28.0, 24.0, 12.0),
        sigma=0.237,
        outage_share=0.147,
    ),
    "lte.down": MarkovBandwidth(
        rates_bytes_per_s=(189_000.0, 555_000.0, 1_330_000.0, 3_210_000.0),
        dwells_s=(3.49, 6.15, 5.31, 2.65),
        sigma=0.295,
    ),
    "lte.up": MarkovBandwidth(
        rates_bytes_per_s=(2_700.0, 147_000.0, 454_000.0, 1_140_000.0, 2_660_000.0),
        dwells_s=(0.864, 6.65, 11.7, 10.0, 5.1),
        sigma=0.227,
        outage_share=0.025,
    ),
    "5g.down": MarkovBandwidth(
        rates_bytes_per_s=(541.0, 1_530_000.0, 10_700_000.0, 24_100_000.0, 30_600_000.0),
        dwells_s=(0.907, 3.56, 6.24, 5.36, 2.68),
        sigma=0.197,
        outage_share=0.048,
    ),
    "wifi.down": MarkovBandwidth(
        rates_bytes_per_s=(6_060_000.0, 15_900_000.0, 38_000_000.0, 65_300_000.0),
        dwells_s=(10.7, 18.7, 16.0, 8.0),
        sigma=0.198,
    ),
    "starlink.down": MarkovBandwidth(
        rates_bytes_per_s=(0.0, 10_500_000.0, 23_900_000.0, 35_300_000.0, 46_700_000.0),
        dwells_s=(0.167, 12.5, 21.8, 18.7, 9.38),
        sigma=0.129,
        outage_share=0.003,
    ),
    "starlink.up": MarkovBandwidth(
        rates_bytes_per_s=(0.0, 704_000.0, 1_700_000.0, 2_640_000.0, 4_190_000.0),
        dwells_s=(3.8, 14.2, 24.9, 21.4, 10.7),
        sigma=0.182,
        outage_share=0.051,
    ),
}
"""Calibrated models by name. 3g, 5g and wifi have no `.up`: nothing public records their uplink."""


def preset(name: str) -> MarkovBandwidth:
    """The calibrated model of a name. Raises ValueError for an unknown one."""
    if name not in PRESETS:
        near = get_close_matches(name, PRESETS, n=3, cutoff=0.3) or sorted(PRESETS)
        raise ValueError(f"unknown bandwidth preset {name!r}; nearest: {', '.join(near)}")
    return PRESETS[name]


def bandwidth(preset_name: str, rng: np.random.Generator, duration_s: float = 600.0) -> StepTrace:
    """One looping trace of a preset, in bytes/s. Raises ValueError for an unknown name."""
    return preset(preset_name).sample(rng, duration_s)
