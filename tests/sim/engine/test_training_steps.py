"""Training steps and the activations that they read and store, by hand and against a plain loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.batch_order import batch_order
from sim.cost.step_price import StepPrice
from sim.engine.training_steps import TrainingSteps
from sim.fleet.activation_cache import EMPTY, ActivationCache

HIT_S, MISS_S = 1.0, 5.0  # four seconds for the frozen layers
N_LAYERS = 6


def steps_of(
    cache: ActivationCache,
    *,
    depth: int = 2,
    n_steps: int = 2,
    seed: int = 0,
    factor: float = 1.0,
    batch_size: int = 2,
) -> TrainingSteps:
    price = StepPrice(depth, N_LAYERS - depth, MISS_S, HIT_S, MISS_S, has_cache=True)
    return TrainingSteps(
        cache,
        price,
        n_steps=n_steps,
        batch_size=batch_size,
        draw=lambda: batch_order(seed, cache.n_texts, batch_size, n_steps),
        factor=factor,
    )


def trained(cache: ActivationCache, **changes: int) -> TrainingSteps:
    steps = steps_of(cache, **changes)
    steps.store(steps.work_s)
    return steps


def test_a_job_on_a_part_of_the_shard_stores_that_part_alone() -> None:
    cache = ActivationCache(100, bytes_per_text=7)
    trained(cache, n_steps=4)
    assert (cache.n_stored, cache.n_bytes) == (8, 56)


def test_a_step_pays_for_those_of_its_texts_that_are_not_stored() -> None:
    cache = ActivationCache(4, write_s_per_text=0.25)
    cache.store(2, np.array([0, 1, 2]))
    steps = steps_of(cache)
    assert steps.work_s == pytest.approx(2 * HIT_S + (MISS_S - HIT_S) / 2 + 0.25)
    assert (cache.n_read(2, batch_size=2), steps.n_new) == (4, 1)


def test_a_second_epoch_reads_what_the_first_has_stored() -> None:
    cache = ActivationCache(4)
    steps = steps_of(cache, n_steps=5)
    assert steps.work_s == 2 * MISS_S + 3 * HIT_S
    assert (cache.n_read(5, batch_size=2), steps.n_new) == (10, 4)


def test_a_smaller_depth_pays_for_the_frozen_layers_between() -> None:
    cache = ActivationCache(4)
    trained(cache, depth=4)
    steps = steps_of(cache, depth=1)  # three of the five frozen layers
    assert steps.work_s == pytest.approx(2 * (HIT_S + 3 / 5 * (MISS_S - HIT_S)))
    assert steps.n_new == 0
    steps.store(steps.work_s)
    assert cache.depths == 4  # a deeper text stays as it is


def test_a_greater_depth_stores_anew() -> None:
    cache = ActivationCache(4)
    trained(cache, depth=1)
    assert trained(cache, depth=3).work_s == 2 * MISS_S
    assert cache.depths == 3


@pytest.mark.parametrize(("done_s", "n_stored"), [(4.9, 0), (5.0, 2), (9.9, 2), (10.0, 4)])
def test_the_finished_steps_of_a_job_that_was_cut_stay_stored(done_s: float, n_stored: int) -> None:
    cache = ActivationCache(40)
    steps = steps_of(cache, n_steps=3)
    steps.store(done_s)
    assert cache.n_stored == n_stored


def test_steps_end_as_they_were_priced_also_when_the_job_is_interrupted_twice() -> None:
    cache = ActivationCache(40)
    steps = steps_of(cache, n_steps=3, factor=2.0)  # ends after 10, 20 and 30 s
    steps.store(10.0)
    steps.store(19.0)
    assert cache.n_stored == 2
    steps.store(20.0)
    assert cache.n_stored == 4


def test_work_that_begins_anew_reads_what_is_stored() -> None:
    cache = ActivationCache(40)
    steps = steps_of(cache, n_steps=3)
    steps.store(10.0)
    assert steps.reprice() == pytest.approx((2 * HIT_S + MISS_S) / (3 * MISS_S))
    assert steps.n_new == 2


def test_no_steps_take_no_time() -> None:
    assert trained(ActivationCache(0), n_steps=0).work_s == 0.0


def by_plain_loop(
    depths: list[int], order: list[list[int]], depth: int
) -> tuple[float, int, list[int]]:
    """Seconds, texts read, and depths afterwards: text after text, step after step."""
    work_s, n_cached, own = 0.0, 0, list(depths)
    for texts in order:
        layers = 0
        for text in texts:
            is_stored = own[text] >= depth
            n_cached += is_stored
            layers += own[text] - depth if is_stored else N_LAYERS - depth
            own[text] = max(own[text], depth)
        share = layers / len(texts) / (N_LAYERS - depth)
        work_s += HIT_S + (MISS_S - HIT_S) * share
    return work_s, n_cached, own


@given(
    depths=st.lists(st.integers(EMPTY, N_LAYERS - 1), min_size=1, max_size=9),
    is_uniform=st.booleans(),
    depth=st.integers(0, N_LAYERS - 1),
    n_steps=st.integers(0, 12),
    batch_size=st.integers(1, 5),
    seed=st.integers(0, 1000),
)
def test_steps_agree_with_a_plain_loop(
    depths: list[int], is_uniform: bool, depth: int, n_steps: int, batch_size: int, seed: int
) -> None:
    own = [depths[0]] * len(depths) if is_uniform else depths
    cache = ActivationCache(len(own))
    for text, stored in enumerate(own):
        if stored != EMPTY:
            cache.store(stored, np.array([text]))
    order = [list(texts) for texts in batch_order(seed, len(own), batch_size, n_steps)]
    work_s, n_cached, after = by_plain_loop(own, order, depth)
    steps = trained(cache, depth=depth, n_steps=n_steps, batch_size=batch_size, seed=seed)
    assert math.isclose(steps.work_s, work_s, rel_tol=1e-12)
    n_read = cache.n_read(n_steps, batch_size)
    assert (n_read, n_read - steps.n_new) == (sum(map(len, order)), n_cached)
    stored_now = np.broadcast_to(cache.depths, len(own)).tolist()
    assert stored_now == after


def test_every_epoch_is_a_permutation_of_the_shard() -> None:
    order = batch_order(5, n_texts=7, batch_size=3, n_batches=6)
    assert [len(texts) for texts in order] == [3, 3, 1, 3, 3, 1]
    for epoch in (order[:3], order[3:]):
        assert sorted(np.concatenate(epoch).tolist()) == list(range(7))
