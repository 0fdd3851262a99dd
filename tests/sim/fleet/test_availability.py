"""The vectorised lookup finds the same clients as asking one after another."""

from __future__ import annotations

from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.fleet.availability import AvailabilityTable, ClientAvailability
from traces.availability import Availability, from_windows

N = 60  # enough for both ways: one by one, and in columns


def clients(asked: list[int]) -> list[ClientAvailability]:
    """Client i is available for 30 s of every 60 s, from 7 i s on; notes whose trace is made."""

    def make(client_id: int) -> Availability:
        asked.append(client_id)
        return from_windows([(0, 30)], 60.0).shift(-7.0 * client_id)

    return [ClientAvailability(partial(make, client_id)) for client_id in range(N)]


INSTANTS_S = st.lists(st.floats(0.0, 200.0), min_size=1, max_size=6)


@given(
    INSTANTS_S,
    st.permutations(range(N)),
    st.integers(1, N),
    st.sets(st.integers(0, N - 1), max_size=3),
)
def test_the_first_n_are_found_and_no_other_client_is_queried(
    instants_s: list[float], order: list[int], n: int, busy: set[int]
) -> None:
    asked: list[int] = []
    asked_one_by_one: list[int] = []
    table, one_by_one = AvailabilityTable(clients(asked)), clients(asked_one_by_one)
    for now_s in sorted(instants_s):
        found: list[int] = []
        for client_id in order:
            if len(found) == n:
                break
            if one_by_one[client_id].is_available(now_s) and client_id not in busy:
                found.append(client_id)
        assert table.first_available(now_s, np.array(order), n, busy) == found
        assert sorted(asked) == sorted(asked_one_by_one)


def test_available_clients_come_in_the_order_given() -> None:
    table = AvailabilityTable(clients([]))
    assert table.available(36.0, np.array([5, 0, 2, 1]), {2}).tolist() == [5, 1]


def test_an_answer_that_ends_at_once_is_asked_for_once() -> None:
    """A change within the margin of now leaves the answer stale however often it is asked for."""
    just_before_s = 30.0 - 1e-9  # client 0 leaves at second 30
    available = [i for i, own in enumerate(clients([])) if own.is_available(just_before_s)]
    for n in (2, N):
        table = AvailabilityTable(clients([]))
        assert table.first_available(just_before_s, np.arange(N), n) == available[:n]
