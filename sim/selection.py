"""Who takes part: cohorts and pools, drawn by key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .streams import Streams

Ids = Sequence[int] | NDArray[np.int64]


def cohort(
    streams: Streams,
    lineage_round: int,
    candidates: Ids,
    n: int,
    *,
    is_on: Callable[[int], bool] = lambda client_id: True,
    attempt: int = 0,
) -> list[int]:
    """The n available candidates with the smallest draws of this round, in id order; fewer if
    fewer are available.

    A draw belongs to (round, client), so two policies meet the same clients in the same round.
    Whether a client is available is asked of no more clients than it takes.
    """
    about = (lineage_round, attempt) if attempt else (lineage_round,)
    taken: list[int] = []
    for client_id in _in_order(streams.uniform("cohort", *about, ids=candidates), candidates, n):
        if is_on(client_id):
            taken.append(client_id)
            if len(taken) == n:
                break
    return sorted(taken)


def _in_order(draws: NDArray[np.float64], ids: Ids, n: int) -> Iterator[int]:
    """The ids by rising draw, ties by id; a small part is sorted first, as it mostly suffices."""
    own = np.asarray(ids)
    few = min(4 * n, len(own))
    first = np.argpartition(draws, few - 1)[:few] if few < len(own) else np.arange(len(own))
    yield from own[first[np.lexsort((own[first], draws[first]))]].tolist()
    if few < len(own):
        yield from own[np.lexsort((own, draws))[few:]].tolist()


def pools(streams: Streams, trial_no: int, clients: Ids, n: int) -> list[list[int]]:
    """The clients split into n equal pools by a keyed shuffle of this trial; a rest is left out."""
    order = streams.order("pools", trial_no, ids=clients)
    size = len(order) // n
    return [sorted(order[i * size : (i + 1) * size]) for i in range(n)]
