"""Sabre's JSON: a list of `{"duration_ms", "bandwidth_kbps", "latency_ms"}`, played in order."""

from __future__ import annotations

import numpy as np

from traces.recording import BandwidthRecording, Direction, one_way
from traces.step import StepTrace

from .source import Source

_KEYS = ("duration_ms", "bandwidth_kbps", "latency_ms")
_BYTES_PER_S = 1000 / 8


def sniff(source: Source) -> bool:
    """Whether the file is a JSON list whose first item has a duration_ms."""
    if source.head[:1] == [] or not source.head[0][0].startswith("["):
        return False
    items = source.json
    return bool(items) and isinstance(items[0], dict) and "duration_ms" in items[0]


def read(source: Source, direction: Direction | None = None) -> BandwidthRecording:
    """The downlink, unless `direction` says otherwise, and the latency of each period."""
    items = source.json
    if not isinstance(items, list) or not items:
        raise source.error("must be a JSON list of at least one period")
    periods = np.array([_period(source, no, item) for no, item in enumerate(items)])  # (n, 3)
    periods = periods[periods[:, 0] > 0.0]
    if not len(periods):
        raise source.error("needs at least one period with a duration above 0")
    edges_s = np.concatenate(([0.0], np.cumsum(periods[:, 0]))) / 1000.0
    trace = source.trace(edges_s, periods[:, 1] * _BYTES_PER_S * np.diff(edges_s))
    latency_s = StepTrace(
        times_s=trace.times_s, values=periods[:, 2] / 1000.0, period_s=trace.period_s
    )
    return one_way("sabre", direction, trace, latency_s)


def _period(source: Source, no: int, item: object) -> tuple[float, ...]:
    if not isinstance(item, dict):
        raise source.error(f"[{no}] must be an object with {', '.join(_KEYS)}")
    for key in _KEYS[:2]:
        if key not in item:
            raise source.error(f"[{no}] needs {key}")
    return tuple(source.number(item.get(key, 0), f"[{no}].{key}", high=1e12) for key in _KEYS)
