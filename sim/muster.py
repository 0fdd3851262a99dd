"""Calling up a cohort: who is there takes part; with too few, the server waits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from simpy import Interrupt

from .client import Client
from .lineage import Lineage
from .participation import Process
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
            is_on=partial(_is_on, world.clients, env.now),
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


def _is_on(clients: Sequence[Client], now_s: float, client_id: int) -> bool:
    return clients[client_id].presence.is_on(now_s)


def _next_arrival_s(world: World, pool: NDArray[np.int64]) -> float:
    """When the next of those who are away comes back."""
    now_s = world.env.now
    away = (world.clients[client_id].presence for client_id in pool.tolist())
    return min((p.online_s(now_s) for p in away if not p.is_on(now_s)), default=math.inf)
