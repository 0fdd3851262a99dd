"""Mean accuracy over seeds at each instant, with its confidence interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from .estimates import mean_band


def accuracy_band(curves: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return columns t_s, mean, low, high from one curve (t_s, accuracy) per seed.

    Instants are those at which any seed was evaluated, from the latest first evaluation to the
    earliest last one. Between evaluations a curve is interpolated linearly. low and high bound the
    pointwise range or 95 % interval (`mean_band`).
    """
    first_s = max(float(curve["t_s"][0]) for curve in curves)
    last_s = min(float(curve["t_s"][-1]) for curve in curves)
    times = np.unique(np.concatenate([curve["t_s"].to_numpy() for curve in curves]))
    times = times[(times >= first_s) & (times <= last_s)]
    known = [np.interp(times, curve["t_s"], curve["accuracy"]) for curve in curves]
    mean, low, high = mean_band(np.array(known))  # (n_seeds, n_instants)
    return pl.DataFrame({"t_s": times, "mean": mean, "low": low, "high": high})
