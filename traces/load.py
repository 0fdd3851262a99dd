"""Trace files by path."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from .formats import read
from .formats.source import Source
from .recording import BandwidthRecording, Recording, TraceError
from .step import StepTrace


def load(path: str | Path, format: str | None = None, **options: Any) -> Recording:
    """What a trace file holds. Raises TraceError with file, line and rule."""
    return read(Source.open(path), format, **options)


def load_bandwidth(
    path: str | Path,
    direction: Literal["down", "up"],
    format: str | None = None,
    **options: Any,
) -> StepTrace:
    """One direction of a bandwidth recording, in bytes/s.

    Raises TraceError if the file does not hold it: one direction never stands in for the other.
    """
    recording = load(path, format, **options)
    if not isinstance(recording, BandwidthRecording):
        raise TraceError(str(path), f"holds no bandwidth: it is a {recording.format} file")
    trace = recording.down if direction == "down" else recording.up
    if trace is None:
        raise TraceError(
            str(path),
            f"this {recording.format} file has no {direction}link; name another trace, or a "
            "ratio of the direction that it has",
        )
    return trace
