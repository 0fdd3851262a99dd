"""The population split among the branches of a trial."""

from __future__ import annotations

from sim.streams import Streams

from .offer import Ids


def pools(streams: Streams, trial_no: int, clients: Ids, n: int) -> list[list[int]]:
    """The clients split into n equal pools by a keyed shuffle of this trial; a rest is left out."""
    order = streams.order("pools", trial_no, ids=clients)
    size = len(order) // n
    return [sorted(order[i * size : (i + 1) * size]) for i in range(n)]
