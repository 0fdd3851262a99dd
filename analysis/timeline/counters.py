"""Counters over simulated time as step functions: bytes in flight, load of the server's link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

Row = Mapping[str, Any]
Steps = list[tuple[float, float]]


def bytes_in_flight(transfers: Iterable[Row]) -> Steps:
    """Return the bytes of all transfers in progress."""
    return _sum_of([(t["start_s"], t["t_s"], float(t["bytes"])) for t in transfers])


def link_mbit_per_s(transfers: Iterable[Row], direction: str) -> Steps:
    """Return the sum of the mean rates, in Mbit/s, of the transfers in one direction."""
    chosen = [t for t in transfers if t["direction"] == direction and t["t_s"] > t["start_s"]]
    return _sum_of(
        [(t["start_s"], t["t_s"], t["bytes"] * 8e-6 / (t["t_s"] - t["start_s"])) for t in chosen]
    )


def _sum_of(spans: Iterable[tuple[float, float, float]]) -> Steps:
    """The sum of the amounts of the open intervals, exactly 0 if none is open."""
    changes = sorted(
        change
        for start_s, end_s, amount in spans
        for change in ((start_s, 1, amount), (end_s, -1, -amount))
    )
    steps: Steps = []
    n_open, total = 0, 0.0
    for t_s, group in groupby(changes, key=lambda change: change[0]):
        for _, count, amount in group:
            n_open, total = n_open + count, total + amount
        steps.append((t_s, total if n_open else 0.0))
    return steps
