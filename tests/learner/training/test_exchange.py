"""Quantised exchange: properties of the rounding, and its effect on training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from learner.graph.recipes import Initial
from learner.spec import Adapter, Bits, Full, LocalJob, StateRef
from learner.training.exchange import quantised, received
from learner.training.torch_learner import TorchLearner
from learner.tuning.parameters import BACKBONE

BASE = StateRef("base")
BITS: list[Bits] = [8, 4]
VALUES = arrays(
    np.float32, array_shapes(max_dims=2, max_side=12), elements=st.floats(-1e3, 1e3, width=32)
)


def draws(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("bits", BITS)
@given(values=VALUES)
def test_a_row_becomes_whole_multiples_of_its_scale_less_than_one_away(
    bits: Bits, values: np.ndarray
) -> None:
    read = quantised(values, bits, draws())
    rows, read_rows = np.atleast_2d(values), np.atleast_2d(read)
    most = 2 ** (bits - 1) - 1
    scales = np.abs(rows).max(1, keepdims=True) / np.float32(most)
    scales[scales == 0] = 1.0
    whole = read_rows / scales
    np.testing.assert_allclose(whole, np.rint(whole), atol=1e-3)
    assert np.abs(whole).max(initial=0) <= most + 1e-3
    assert (np.abs(read_rows - rows) <= scales * 1.001).all()


@pytest.mark.parametrize("bits", BITS)
def test_rounding_is_right_on_average(bits: Bits) -> None:
    values = draws(1).normal(size=(3, 50)).astype(np.float32)
    mean = np.mean([quantised(values, bits, draws(seed)) for seed in range(2000)], axis=0)
    scale = np.abs(values).max(1, keepdims=True) / (2 ** (bits - 1) - 1)
    assert (np.abs(mean - values) < 5 * 0.5 * scale / np.sqrt(2000)).all()


def test_rows_of_zeros_stay_and_take_no_draws() -> None:
    values = draws(1).normal(size=(3, 7)).astype(np.float32)
    with_zeros = np.insert(values, 1, 0.0, axis=0)
    read = quantised(with_zeros, 8, draws())
    assert not read[1].any()
    assert np.array_equal(np.delete(read, 1, 0), quantised(values, 8, draws()))


def test_rounding_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = draws(1).normal(size=(300, 40)).astype(np.float32)
    whole = quantised(values, 4, draws())
    monkeypatch.setattr("learner.training.exchange._CHUNK", 100)
    assert np.array_equal(quantised(values, 4, draws()), whole)


def test_draws_are_keyed_by_job_and_tensor(job: Callable[..., LocalJob]) -> None:
    value = draws(1).normal(size=(4, 6)).astype(np.float32)
    config = Adapter(depth=0, width=8)
    state = {"param.a": value, "param.b": value}
    first = received(state, job(0, config, down_bits=4))
    again = received(state, job(0, config, down_bits=4))
    other = received(state, job(1, config, down_bits=4))
    assert all(np.array_equal(first[name], again[name]) for name in state)
    assert not np.array_equal(first["param.a"], first["param.b"])
    assert not np.array_equal(first["param.a"], other["param.a"])


@pytest.mark.parametrize("config", [Adapter(depth=2, width=8), Full()], ids=str)
@pytest.mark.parametrize("bits", BITS)
def test_the_change_that_arrives_is_the_change_made_to_within_a_scale(
    config: Any, bits: Bits, trainer: TorchLearner, job: Callable[..., LocalJob], round_of: Any
) -> None:
    base = trainer.make(Initial(config=config, seed=3), {})
    exact = trainer.make(round_of(job(0, config)), {BASE: base})
    sent = trainer.make(round_of(job(0, config, up_bits=bits)), {BASE: base})
    most = 2 ** (bits - 1) - 1
    for name, value in base.items():
        change = np.atleast_2d(exact[name] - value)
        scales = np.abs(change).max(1, keepdims=True) / most
        difference = np.atleast_2d(sent[name] - exact[name])
        assert (np.abs(difference) <= scales * 1.01 + 1e-6).all()
    assert any(not np.array_equal(sent[name], exact[name]) for name in base)


def test_rounding_on_the_way_down_does_not_stay_in_the_servers_state(
    trainer: TorchLearner, job: Callable[..., LocalJob], round_of: Any
) -> None:
    """A client that does not move sends no change: the server's fp32 state is as it was."""
    base = trainer.make(Initial(config=Full(), seed=3), {})
    still = job(0, Full(), lr=0.0, head_lr=0.0, down_bits=4, up_bits=4)
    after = trainer.make(round_of(still), {BASE: base})
    assert all(np.array_equal(after[name], value) for name, value in base.items())
    words = f"{BACKBONE}embeddings.word_embeddings.weight"
    assert not np.array_equal(received(base, still)[words], base[words])


@pytest.mark.parametrize("rules", [{"down_bits": 4}, {"up_bits": 4}], ids=str)
def test_clients_side_by_side_are_rounded_as_alone(
    rules: dict[str, Any], trainer: TorchLearner, job: Callable[..., LocalJob], round_of: Any
) -> None:
    config = Adapter(depth=1, width=8)
    base = trainer.make(Initial(config=config, seed=3), {})
    jobs = [job(client, config, optimizer="sgd", lr=0.1, **rules) for client in range(3)]
    together = trainer.make(round_of(*jobs), {BASE: base})
    alone = [trainer.make(round_of(one), {BASE: base}) for one in jobs]
    weights = np.array([one.shard.n_samples for one in jobs]) / 35
    for name in base:
        mean = sum(w * state[name] for w, state in zip(weights, alone, strict=True))
        # Where a last bit crosses a rounding, one whole number differs by one.
        assert np.mean(np.abs(together[name] - mean) > 1e-5) < 0.01


def test_fewer_bits_learn_less_exactly_but_learn(
    trainer: TorchLearner, job: Callable[..., LocalJob], round_of: Any
) -> None:
    losses = {}
    for bits in (32, 8, 4):
        config = Adapter(depth=1, width=8)
        state = trainer.make(Initial(config=config, seed=1), {})
        first = trainer.evaluate(state, config, "train").loss
        for _ in range(6):
            rules = {"n_batches": 6, "lr": 3e-3, "head_lr": 2e-2}
            bits_of = {"down_bits": bits, "up_bits": bits}
            jobs = [job(client, config, **rules, **bits_of) for client in range(5)]
            state = trainer.make(round_of(*jobs), {BASE: state})
        losses[bits] = trainer.evaluate(state, config, "train").loss
    assert all(loss < first - 0.05 for loss in losses.values())
    assert abs(losses[8] - losses[32]) < abs(losses[4] - losses[32])
