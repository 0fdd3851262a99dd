"""AlphaRTC's network traces (OpenNetLab gym): `{"uplink": {"trace_pattern": [...]}}`, downlink too.

A step of the pattern lasts `duration` milliseconds at `capacity` kbit/s; its `rtt`, if any, is in
milliseconds. Loss and jitter are not modelled.
"""

from __future__ import annotations

import numpy as np

from traces.recording import BandwidthRecording
from traces.step import StepTrace

from .source import Source

_BYTES_PER_S = 1000 / 8
_LINKS = ("downlink", "uplink")

_Step = tuple[float, float, float]
"""Seconds, bytes/s and round-trip seconds."""


def sniff(source: Source) -> bool:
    """Whether a link has a trace pattern."""
    content = source.mapping or {}
    links = [content.get(link) for link in _LINKS]
    return any(isinstance(link, dict) and "trace_pattern" in link for link in links)


def read(source: Source) -> BandwidthRecording:
    """Both directions, where both have a pattern, and the downlink's latency, else the uplink's."""
    content = source.mapping or {}
    steps = {link: _steps(source, link, content.get(link)) for link in _LINKS}
    traces = {
        link: source.steps((duration_s, duration_s * rate) for duration_s, rate, _ in of)
        for link, of in steps.items()
        if of
    }
    if not traces:
        raise source.error("needs a trace_pattern of at least one step in downlink or uplink")
    latency_s = next(_latency_s(steps[link], trace) for link, trace in traces.items())
    is_lossy = any(
        isinstance(step, dict) and step.get("loss")
        for link in traces
        for step in content[link]["trace_pattern"]  # type: ignore[index]  # _steps has read it
    )
    return BandwidthRecording(
        format="alphartc",
        down=traces.get("downlink"),
        up=traces.get("uplink"),
        latency_s=latency_s,
        warnings=("packet loss is not modelled: the steps' loss was left out",) if is_lossy else (),
    )


def _steps(source: Source, link: str, content: object) -> list[_Step]:
    if not content:
        return []
    pattern = content.get("trace_pattern") if isinstance(content, dict) else None
    if not isinstance(pattern, list):
        raise source.error(f"{link} must be an object with a list trace_pattern")
    steps = [_step(source, f"{link}.trace_pattern[{no}]", step) for no, step in enumerate(pattern)]
    return [step for step in steps if step[0] > 0.0]


def _step(source: Source, where: str, step: object) -> _Step:
    if not isinstance(step, dict) or not {"duration", "capacity"} <= step.keys():
        raise source.error(f"{where} must be an object with duration and capacity")
    duration_ms = source.number(step["duration"], f"{where}.duration", high=1e12)
    kbit_per_s = source.number(step["capacity"], f"{where}.capacity", high=1e12)
    rtt_ms = source.number(step.get("rtt") or 0.0, f"{where}.rtt", high=1e9)
    return duration_ms / 1000.0, kbit_per_s * _BYTES_PER_S, rtt_ms / 1000.0


def _latency_s(steps: list[_Step], trace: StepTrace) -> StepTrace | None:
    round_trips_s = np.asarray([round_trip_s for _, _, round_trip_s in steps])
    if not round_trips_s.any():
        return None
    return StepTrace(times_s=trace.times_s, values=round_trips_s, period_s=trace.period_s)
