"""Genet's traces for congestion control (Xia et al., 2022), as its simulator dumps them.

JSON with `timestamps` in seconds and `bandwidths` in Mbit/s: a bandwidth holds from its time to
the next one, and the last time ends the trace. `delays` are one-way, in milliseconds; a request
takes two. The simulator's floor of 0.1 Mbit/s is not applied.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from traces.recording import BandwidthRecording, Direction, one_way
from traces.step import StepTrace, constant

from .source import Source

_BYTES_PER_S = 1e6 / 8


def sniff(source: Source) -> bool:
    """Whether the content has timestamps and bandwidths."""
    content = source.mapping
    return content is not None and {"timestamps", "bandwidths"} <= content.keys()


def read(source: Source, direction: Direction | None = None) -> BandwidthRecording:
    """The downlink, unless `direction` says otherwise, and its latency."""
    content: dict[Any, Any] = source.mapping or {}
    times_s = _numbers(source, content, "timestamps", high=1e12)
    rates = _numbers(source, content, "bandwidths", high=1e9)
    if len(times_s) != len(rates):
        raise source.error(f"{len(times_s)} timestamps for {len(rates)} bandwidths")
    for no, (before_s, after_s) in enumerate(pairwise(times_s), 1):
        if after_s <= before_s:
            raise source.error(f"timestamps[{no}] must be after {before_s:g} s, got {after_s:g} s")
    if len(times_s) > 1:
        edges_s = np.asarray(times_s) - times_s[0]
        trace = source.trace(edges_s, np.asarray(rates[:-1]) * _BYTES_PER_S * np.diff(edges_s))
    else:
        trace = constant(rates[0] * _BYTES_PER_S)
    return one_way("genet", direction, trace, _latency_s(source, content, trace, len(times_s)))


def _numbers(source: Source, content: dict[Any, Any], key: str, high: float) -> list[float]:
    values = content.get(key)
    if not isinstance(values, list) or not values:
        raise source.error(f"{key} must be a list of at least one number")
    return [source.number(value, f"{key}[{no}]", high=high) for no, value in enumerate(values)]


def _latency_s(
    source: Source, content: dict[Any, Any], trace: StepTrace, n_times: int
) -> StepTrace | None:
    """Twice the delays: one for all times, or one for each."""
    if not content.get("delays"):
        return None
    round_trips_s = [2e-3 * ms for ms in _numbers(source, content, "delays", high=1e9)]
    if len(round_trips_s) == 1:
        return constant(round_trips_s[0])
    if len(round_trips_s) != n_times:
        raise source.error(f"{len(round_trips_s)} delays for {n_times} timestamps")
    values = np.asarray(round_trips_s[:-1])
    return StepTrace(times_s=trace.times_s, values=values, period_s=trace.period_s)
