"""Asked of many in one go, who is there is found as by a walk from one to the next."""

from __future__ import annotations

from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.fleet.availability import Presence
from sim.fleet.roster import Roster
from traces.availability import Availability, from_windows

N = 60  # enough for both ways: one by one, and in columns


def presences(asked: list[int]) -> list[Presence]:
    """Client i is there for 30 s of every 60 s, from 7 i s on; notes whose trace is made."""

    def make(client_id: int) -> Availability:
        asked.append(client_id)
        return from_windows([(0, 30)], 60.0).shift(-7.0 * client_id)

    return [Presence(partial(make, client_id)) for client_id in range(N)]


INSTANTS_S = st.lists(st.floats(0.0, 200.0), min_size=1, max_size=6)


@given(
    INSTANTS_S,
    st.permutations(range(N)),
    st.integers(1, N),
    st.sets(st.integers(0, N - 1), max_size=3),
)
def test_the_first_n_are_those_of_a_walk_and_nobody_else_is_asked(
    instants_s: list[float], order: list[int], n: int, busy: set[int]
) -> None:
    asked: list[int] = []
    asked_by_walk: list[int] = []
    roster, walked = Roster(presences(asked)), presences(asked_by_walk)
    for now_s in sorted(instants_s):
        found: list[int] = []
        for client_id in order:
            if len(found) == n:
                break
            if walked[client_id].is_on(now_s) and client_id not in busy:
                found.append(client_id)
        assert roster.first_there(now_s, np.array(order), n, busy) == found
        assert sorted(asked) == sorted(asked_by_walk)


def test_all_who_are_there_come_in_the_order_given() -> None:
    roster = Roster(presences([]))
    assert roster.there(36.0, np.array([5, 0, 2, 1]), {2}).tolist() == [5, 1]


def test_an_answer_that_ends_at_once_is_asked_for_once() -> None:
    """A change within the margin of now leaves the answer stale however often it is asked for."""
    just_before_s = 30.0 - 1e-9  # client 0 leaves at second 30
    there = [i for i, presence in enumerate(presences([])) if presence.is_on(just_before_s)]
    for n in (2, N):
        assert Roster(presences([])).first_there(just_before_s, np.arange(N), n) == there[:n]
