"""Fits each client's seconds a batch and link rates, and predicts the rounds that were held out."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import bootstrap, theilslopes

HELD_OUT = 0.25
"""The last quarter of each client's rounds is predicted, not fitted."""
_LEAST_ROUNDS = 4
_CONFIDENCE = 0.95

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A fitted value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFit:
    """One direction: bytes/s of the payload, and the seconds before them.

    The latency is 0 where all transfers had one size: it cannot be told from the rate.
    """

    bytes_per_s: Estimate
    latency_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFit:
    """`held_out`: median absolute error of the held-out rounds, as a fraction of their seconds."""

    client: str
    n_rounds: int
    seconds_per_batch: Estimate
    down: LinkFit
    up: LinkFit
    held_out: float


def fit(rounds: pl.DataFrame) -> list[ClientFit]:
    """One for each client, in the order of the table. Raises ValueError for too few rounds."""
    return [
        _client(str(client), own)
        for (client,), own in rounds.group_by("client", maintain_order=True)
    ]


def _client(client: str, own: pl.DataFrame) -> ClientFit:
    if len(own) < _LEAST_ROUNDS:
        raise ValueError(
            f"client {client} has {len(own)} rounds with all three stages; at least "
            f"{_LEAST_ROUNDS} are needed, of which the last quarter is held out"
        )
    n_fitted = len(own) - max(1, round(len(own) * HELD_OUT))
    fitted, held_out = own[:n_fitted], own[n_fitted:]
    per_batch = _estimate((fitted["compute_s"] / fitted["batches"]).to_numpy())
    down = _link(fitted["bytes"].to_numpy(), fitted["down_s"].to_numpy())
    up = _link(fitted["up_bytes"].to_numpy(), fitted["up_s"].to_numpy())
    told = (
        _transfer_s(down, held_out["bytes"])
        + held_out["batches"] * per_batch.value
        + _transfer_s(up, held_out["up_bytes"])
    )
    spent = held_out["down_s"] + held_out["compute_s"] + held_out["up_s"]
    return ClientFit(
        client=client,
        n_rounds=n_fitted,
        seconds_per_batch=per_batch,
        down=down,
        up=up,
        held_out=median((told / spent - 1.0).abs().to_list()),
    )


def _transfer_s(link: LinkFit, n_bytes: pl.Series) -> pl.Series:
    return n_bytes / link.bytes_per_s.value + link.latency_s


def _link(n_bytes: Array, seconds: Array) -> LinkFit:
    """Rate and latency by Theil-Sen where there are several sizes, else the median rate."""
    if len(np.unique(n_bytes)) == 1:
        return LinkFit(bytes_per_s=_estimate(n_bytes / seconds), latency_s=0.0)
    line = cast(Any, theilslopes(seconds, n_bytes, alpha=_CONFIDENCE))
    if not line.slope > 0.0:  # larger transfers were not slower: only a rate can be told
        return LinkFit(bytes_per_s=_estimate(n_bytes / seconds), latency_s=0.0)
    low = 1.0 / line.high_slope
    high = 1.0 / line.low_slope if line.low_slope > 0.0 else float("inf")
    rate = Estimate(value=1.0 / line.slope, low=low, high=high)
    return LinkFit(bytes_per_s=rate, latency_s=max(float(line.intercept), 0.0))


def _estimate(values: Array) -> Estimate:
    """The median with a bootstrap interval (percentile)."""
    middle = float(np.median(values))
    if np.ptp(values) == 0.0:
        return Estimate(value=middle, low=middle, high=middle)
    found = bootstrap(
        (values,),
        np.median,
        confidence_level=_CONFIDENCE,
        n_resamples=2000,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Estimate(value=middle, low=float(found.low), high=float(found.high))
