"""Splits the clients into pools, one for each branch of a trial."""

from __future__ import annotations

from sim.streams import Streams

from .context import Ids


def split_into_pools(streams: Streams, trial_no: int, clients: Ids, n: int) -> list[list[int]]:
    """n random pools of equal size, different in each trial; up to n - 1 clients are left out."""
    order = streams.order("pools", trial_no, ids=clients)
    size = len(order) // n
    return [sorted(order[i * size : (i + 1) * size]) for i in range(n)]
