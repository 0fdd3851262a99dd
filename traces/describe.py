"""Summaries of trace files: duration, rates, outages, warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .availability import Availability
from .load import Found, find
from .recording import AvailabilityRecording, BandwidthRecording, Recording
from .reshape import resample
from .step import StepTrace
from .synthetic import OUTAGE_BYTES_PER_S

_MBIT_PER_S = 8e-6
_STEP_S = 1.0
_MAX_STEPS = 1_000_000  # a file may claim to last for centuries


def info(
    paths: Iterable[str | Path], format: str | None = None, **options: object
) -> list[dict[str, Any]]:
    """One JSON-ready object for each recording, in the order of the files and folders given.

    A bad file has its `error` and stops no other; a file of a folder that is no trace has the
    reason in `passed_over`. A file of several runs has an object for each, with its `run`.

    Keys: file, run, format, duration_s, mean_mbit_per_s, p5 / p50 / p95_mbit_per_s (over equal
    steps of about 1 s), longest_outage_s (longest stretch below 0.1 Mbit/s, or
    of unavailability), gaps_s (unmeasured stretches, cut out), period_s, n_devices,
    share_available, directions, warnings, error, passed_over. Rates are the downlink's where
    there is one, else the uplink's; `directions` has both.
    """
    files = [found for path in paths for found in find(path, format, **options)]
    return [_EMPTY | row for found in files for row in _rows(found)]


def _rows(found: Found) -> Iterator[dict[str, Any]]:
    file = str(found.path)
    if found.error is not None:
        reason = found.error.rule if found.is_passed_over else str(found.error)
        yield {"file": file, "passed_over" if found.is_passed_over else "error": reason}
    for run, recording in found.recordings.items():
        yield {"file": file, "run": run or None} | describe(recording)


_KEYS = (
    *("file", "run", "format", "duration_s"),
    *("mean_mbit_per_s", "p5_mbit_per_s", "p50_mbit_per_s", "p95_mbit_per_s"),
    *("longest_outage_s", "gaps_s", "period_s", "n_devices", "share_available", "directions"),
    *("warnings", "error", "passed_over"),
)
_EMPTY: dict[str, Any] = {
    **dict.fromkeys(_KEYS),
    "gaps_s": [],
    "directions": {},
    "warnings": [],
}


def describe(recording: Recording) -> dict[str, Any]:
    """The keys of `info` that a recording has."""
    found: dict[str, Any] = {"format": recording.format, "warnings": list(recording.warnings)}
    if isinstance(recording, BandwidthRecording):
        return found | _bandwidth(recording)
    if isinstance(recording, AvailabilityRecording):
        return found | _availability(recording)
    return found | {"n_devices": len(recording.devices)}


def _bandwidth(recording: BandwidthRecording) -> dict[str, Any]:
    pairs = (("down", recording.down), ("up", recording.up))
    directions = {name: _rates(trace) for name, trace in pairs if trace is not None}
    first = next(iter(directions.values()), {})
    return first | {"gaps_s": list(recording.gaps_s), "directions": directions}


def _rates(trace: StepTrace) -> dict[str, Any]:
    p5, p50, p95 = np.percentile(even_steps(trace).values, (5, 50, 95)) * _MBIT_PER_S
    return {
        "duration_s": trace.period_s,
        "period_s": trace.period_s if trace.end_rule == "loop" else None,
        "mean_mbit_per_s": trace.mean * _MBIT_PER_S,
        "p5_mbit_per_s": float(p5),
        "p50_mbit_per_s": float(p50),
        "p95_mbit_per_s": float(p95),
        "longest_outage_s": longest_outage_s(trace),
    }


def even_steps(trace: StepTrace, at_most: int = _MAX_STEPS) -> StepTrace:
    """Means over equal steps of 1 s or a little more, and of more if `at_most` asks for it.

    Equal, since a short last step of a few milliseconds would show bursts, not rates.
    """
    n_steps = min(max(int(trace.period_s / _STEP_S), 1), at_most)
    return resample(trace, trace.period_s / n_steps)


def longest_outage_s(trace: StepTrace, below_bytes_per_s: float = OUTAGE_BYTES_PER_S) -> float:
    """Length of the longest stretch of one period with a rate below the threshold."""
    is_out = np.concatenate(([0], trace.values < below_bytes_per_s, [0]))
    turns = np.flatnonzero(np.diff(is_out))
    edges_s = trace.edges_s
    return float(np.max(edges_s[turns[1::2]] - edges_s[turns[::2]], initial=0.0))


def _availability(recording: AvailabilityRecording) -> dict[str, Any]:
    devices = list(recording.devices.values())
    duration_s = max(device.period_s for device in devices)
    return {
        "duration_s": duration_s,
        "period_s": duration_s,
        "n_devices": len(devices),
        "share_available": sum(device.share for device in devices) / len(devices),
        "longest_outage_s": max(_longest_off_s(device) for device in devices),
    }


def _longest_off_s(device: Availability) -> float:
    edges_s = (0.0, *device.changes_s, device.period_s)
    first_off = 1 if device.first else 0
    offs = zip(edges_s[first_off::2], edges_s[first_off + 1 :: 2], strict=False)
    return max((off_s - on_s for on_s, off_s in offs), default=0.0)
