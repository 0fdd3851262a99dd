"""Calling up a cohort: who is there takes part; with too few, the server waits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from simpy import Interrupt

from .lineage import Lineage
from .participation import Process
from .presence import Presence
from .selection import cohort
from .world import World


def muster(
    world: World, pool: NDArray[np.int64], n_wanted: int, lineage: Lineage, attempt: int
) -> Process:
    """The clients of the next round, over-commitment included, in id order.

    Returns an empty list if there will never be enough of them, None if interrupted.
    """
    env, rules = world.env, world.scenario.rounds
    n_asked = math.ceil(n_wanted * rules.overcommit - 1e-9)
    n_needed = min(rules.min_reports, n_wanted)
    while True:
        members = cohort(
            world.streams,
            lineage.round,
            pool,
            n_asked,
            is_on=_presence_at(env.now, world.presences),
            attempt=attempt,
        )
        if len(members) >= n_needed:
            return members
        next_s = _next_arrival_s(world, pool)
        if next_s == math.inf:
            return []
        try:
            yield env.timeout(next_s - env.now)
        except Interrupt:
            return None


def _presence_at(now_s: float, presences: Sequence[Presence]) -> Callable[[int], bool]:
    """Who is there at an instant; one call a candidate, as there are many."""

    def is_on(client_id: int) -> bool:
        presence = presences[client_id]
        return presence.on_until_s > now_s or presence.is_on(now_s)

    return is_on


def _next_arrival_s(world: World, pool: NDArray[np.int64]) -> float:
    """When the next of those who are away comes back."""
    now_s = world.env.now
    away = (world.presences[client_id] for client_id in pool.tolist())
    return min((p.online_s(now_s) for p in away if not p.is_on(now_s)), default=math.inf)
