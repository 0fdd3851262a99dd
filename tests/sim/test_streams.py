"""Keyed draws are reproducible, uniform and independent of each other."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.selection import split_into_pools
from sim.streams import Streams

ids = st.lists(st.integers(0, 10**6), min_size=1, max_size=30, unique=True)


@given(seed=st.integers(0, 2**40), subset=ids, more=ids)
def test_a_draw_does_not_depend_on_the_other_ids(
    seed: int, subset: list[int], more: list[int]
) -> None:
    streams = Streams(seed)
    everyone = list(dict.fromkeys([*more, *subset]))
    alone = dict(zip(subset, streams.uniform("x", 3, ids=subset), strict=True))
    among = dict(zip(everyone, streams.uniform("x", 3, ids=everyone), strict=True))
    assert all(alone[i] == among[i] for i in subset)


def test_draws_are_uniform_and_differ_by_seed_purpose_and_key() -> None:
    n = 100_000
    draws = Streams(1).uniform("cohort", 5, ids=range(n))
    assert draws.min() >= 0
    assert draws.max() < 1
    assert abs(np.histogram(draws, bins=10, range=(0, 1))[0] / n - 0.1).max() < 0.005
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.01
    for other in (
        Streams(2).uniform("cohort", 5, ids=range(n)),
        Streams(1).uniform("offset", 5, ids=range(n)),
        Streams(1).uniform("cohort", 6, ids=range(n)),
    ):
        assert abs(np.corrcoef(draws, other)[0, 1]) < 0.01


def test_draws_are_the_same_under_any_hash_seed() -> None:
    code = "from sim.streams import Streams; print(Streams(7).order('cohort', 1, ids=range(20)))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert outputs == {f"{Streams(7).order('cohort', 1, ids=range(20))}\n".encode()}


def test_pools_share_the_population_without_overlap() -> None:
    parts = split_into_pools(Streams(0), 2, range(100), 3)
    assert [len(part) for part in parts] == [33, 33, 33]
    assert len({client for part in parts for client in part}) == 99
