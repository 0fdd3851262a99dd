"""Who takes part: cohorts and pools, drawn by key."""

from __future__ import annotations

from collections.abc import Sequence

from .streams import Streams


def cohort(streams: Streams, lineage_round: int, candidates: Sequence[int], n: int) -> list[int]:
    """The n candidates with the smallest draws of this round, in id order.

    A draw belongs to (round, client), so two policies meet the same clients in the same round.
    """
    order = streams.order("cohort", lineage_round, ids=candidates)
    return sorted(order[:n])


def pools(streams: Streams, trial_no: int, clients: Sequence[int], n: int) -> list[list[int]]:
    """The clients split into n equal pools by a keyed shuffle of this trial; a rest is left out."""
    order = streams.order("pools", trial_no, ids=clients)
    size = len(order) // n
    return [sorted(order[i * size : (i + 1) * size]) for i in range(n)]
