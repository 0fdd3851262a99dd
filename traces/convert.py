"""Bandwidth traces written as text, in formats that other simulators read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Literal

import numpy as np

from .formats.layout import OWN_HEADER
from .formats.mahimahi import BYTES_PER_LINE
from .load import bandwidth_of
from .recording import Direction, Recording, TraceError
from .step import StepTrace

Target = Literal["sabre", "csv", "mahimahi"]

_MAX_LINES = 50_000_000


def written(recording: Recording, path: str | Path, to: Target, direction: Direction) -> str:
    """The text of one direction of a recording that was loaded from the path, in another format.

    Raises TraceError if it does not hold that direction, or the format cannot express it.
    """
    trace = bandwidth_of(recording, path, direction)
    try:
        return WRITERS[to](trace)
    except ValueError as error:
        raise TraceError(str(path), str(error)) from None


def to_csv(trace: StepTrace) -> str:
    """`start_s,end_s,bytes_per_s` rows; reading them back gives the same intervals."""
    out = io.StringIO()
    out.write(",".join(OWN_HEADER) + "\n")
    edges_s = trace.edges_s.tolist()
    for start_s, end_s, rate in zip(edges_s, edges_s[1:], trace.values.tolist(), strict=False):
        out.write(f"{start_s!r},{end_s!r},{rate!r}\n")
    return out.getvalue()


def to_sabre(trace: StepTrace) -> str:
    """Sabre periods, without latency. Whole numbers where the value is one."""
    durations_ms = np.diff(trace.edges_s) * 1000.0
    kbps = trace.amounts / np.diff(trace.edges_s) * 8.0 / 1000.0
    periods = [
        {"duration_ms": _plain(duration), "bandwidth_kbps": _plain(rate), "latency_ms": 0}
        for duration, rate in zip(durations_ms.tolist(), kbps.tolist(), strict=True)
    ]
    return "[\n" + ",\n".join(f"  {json.dumps(period)}" for period in periods) + "\n]\n"


def to_mahimahi(trace: StepTrace) -> str:
    """Delivery opportunities of 1500 bytes, each in the millisecond in which its last byte comes.

    The period is rounded to whole milliseconds and the total to whole opportunities, so the
    bytes delivered by any instant differ from the trace's by less than two opportunities, apart
    from the last one: the format ends with its last opportunity, so it stands at the very end.
    Raises ValueError if there is no whole opportunity, or if there are too many.
    """
    period_ms = round(trace.period_s * 1000.0)
    n_lines = round(trace.total / BYTES_PER_LINE)
    if period_ms < 1 or not 1 <= n_lines <= _MAX_LINES:
        raise ValueError(
            f"mahimahi needs 1 ms or more and 1 to {_MAX_LINES} times {BYTES_PER_LINE} bytes, "
            f"got {trace.period_s:g} s and {trace.total:g} bytes"
        )
    reached = np.append(0.0, np.cumsum(trace.amounts))
    due = np.arange(1, n_lines + 1) * (trace.total / n_lines)
    i = np.searchsorted(reached, due * (1.0 - 1e-12), side="left") - 1  # where it is first reached
    times_ms = (trace.times_s[i] + (due - reached[i]) / trace.values[i]) * 1000.0
    stamps_ms = np.clip(np.ceil(times_ms - 1e-6), 1, period_ms).astype(np.int64)
    stamps_ms[-1] = period_ms
    return "\n".join(map(str, stamps_ms.tolist())) + "\n"


def _plain(value: float) -> float | int:
    nearest = round(value)
    return nearest if abs(value - nearest) < 1e-9 * max(1.0, abs(value)) else value


WRITERS = {"csv": to_csv, "sabre": to_sabre, "mahimahi": to_mahimahi}
"""By target format."""
