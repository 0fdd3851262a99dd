"""Builds events of the Chrome Trace Event format.

Source: "Trace Event Format" (Google), JSON object format: complete events (X), instants (i),
counters (C) and metadata (M); times in microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A named interval in simulated seconds."""

    name: str
    start_s: float
    end_s: float
    args: Mapping[str, Any] = field(default_factory=dict)


def complete(pid: int, tid: int, piece: Slice) -> Event:
    """Return a complete (X) event. Both ends are rounded to ns, so nested slices stay nested."""
    start_ns, end_ns = _ns(piece.start_s), _ns(piece.end_s)
    return {
        "ph": "X",
        "name": piece.name,
        "pid": pid,
        "tid": tid,
        "ts": start_ns / 1000,
        "dur": (end_ns - start_ns) / 1000,
        "args": dict(piece.args),
    }


def instant(pid: int, tid: int, name: str, t_s: float, args: Mapping[str, Any]) -> Event:
    """Return an instant (i) event on one track."""
    at = {"pid": pid, "tid": tid, "ts": _ns(t_s) / 1000}
    return {"ph": "i", "s": "t", "name": name, **at, "args": dict(args)}


def counter(pid: int, name: str, t_s: float, value: float) -> Event:
    """Return a counter (C) event; the value holds until the next event of the counter."""
    return {"ph": "C", "name": name, "pid": pid, "ts": _ns(t_s) / 1000, "args": {"value": value}}


def names(pid: int, process: str, tracks: Mapping[int, str]) -> list[Event]:
    """Return metadata (M) events that name a process and its tracks, shown in this order."""
    named: list[Event] = [_meta(pid, 0, "process_name", name=process)]
    named.append(_meta(pid, 0, "process_sort_index", sort_index=pid))
    for order, (tid, name) in enumerate(tracks.items()):
        named.append(_meta(pid, tid, "thread_name", name=name))
        named.append(_meta(pid, tid, "thread_sort_index", sort_index=order))
    return named


def _meta(pid: int, tid: int, kind: str, **args: Any) -> Event:
    return {"ph": "M", "name": kind, "pid": pid, "tid": tid, "args": args}


def _ns(t_s: float) -> int:
    return round(t_s * 1e9)
