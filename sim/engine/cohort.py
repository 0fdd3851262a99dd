"""Calling up a cohort: who is there takes part; with too few, the server waits."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from simpy import Event, Interrupt

from sim.selection import Offer

from .allocation import Share
from .lineage import Lineage
from .participation import Process
from .simulation import World


def muster(world: World, share: Share, lineage: Lineage, attempt: int) -> Process:
    """The clients of the next round, over-commitment included, in id order.

    Where branches share one stock, they are claimed for this one. Returns an empty list if there
    will never be enough of them, None if interrupted.
    """
    env, rules, claims = world.env, world.scenario.rounds, share.claims
    n_asked = math.ceil(share.n_participants * rules.overcommit - 1e-9)
    n_needed = rules.n_needed(share.n_participants)
    while True:
        chosen = call_up(world, share, lineage, attempt, n_asked, claims.busy if claims else ())
        if chosen and len(chosen) >= n_needed:
            members = sorted(chosen)
            if claims is not None:
                claims.take(members)
            return members
        waits = list(chances(world, share))
        if not waits:
            return []
        try:
            yield env.any_of(waits)
        except Interrupt:
            return None


def call_up(
    world: World, share: Share, lineage: Lineage, attempt: int, n: int, busy: Collection[int]
) -> list[int]:
    """At most n of the share's clients who are there and not busy, the preferred first."""
    policy, now_s = world.scenario.selection, world.env.now
    census, presences = world.census, world.presences
    offer = Offer(
        streams=world.streams,
        round=lineage.round,
        attempt=attempt,
        now_s=now_s,
        pool=share.pool,
        there=lambda ids: world.roster.there(now_s, ids, busy),
        first_there=lambda ids, n: world.roster.first_there(now_s, ids, n, busy),
        leaves_s=lambda client_id: presences[client_id].away_from(now_s),
        estimates=partial(census.estimate_s, lineage.config),
        samples=census.n_samples,
    )
    chosen = policy.choose(offer, n, lineage.history)
    if chosen and policy.needs_history:
        lineage.history.note_call(chosen)
    return chosen


def chances(world: World, share: Share) -> Iterator[Event]:
    """What may bring more clients: somebody's return, or the end of another branch's round."""
    next_s = _next_arrival_s(world, share.pool)
    if next_s < math.inf:
        yield world.env.timeout(next_s - world.env.now)
    if share.claims is not None and share.claims.busy:
        yield share.claims.freed()


def _next_arrival_s(world: World, pool: NDArray[np.int64]) -> float:
    """When the next of those who are away comes back."""
    now_s = world.env.now
    away = (world.presences[client_id] for client_id in pool.tolist())
    return min((p.online_s(now_s) for p in away if not p.is_on(now_s)), default=math.inf)
