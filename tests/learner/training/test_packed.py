"""States as they go over a wire: what arrives is what the simulator's clients and server get."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from learner.encoder.architecture import read_architecture
from learner.graph.recipes import Initial
from learner.spec import Adapter, Bits, Full, LocalJob
from learner.training.exchange import received
from learner.training.packed import pack, unpack
from learner.training.torch_learner import TorchLearner
from learner.tuning.payload import payload_bytes
from tests.tiny import N_LABELS

ALL_BITS: list[Bits] = [32, 8, 4]


def shapes_of(state: Any) -> dict[str, tuple[int, ...]]:
    return {name: np.shape(value) for name, value in state.items()}


@pytest.mark.parametrize("config", [Adapter(depth=1, width=8), Full()], ids=str)
@pytest.mark.parametrize("bits", ALL_BITS)
def test_a_state_arrives_as_simulated_in_the_bytes_that_are_charged(
    bits: Bits, config: Any, trainer: TorchLearner, job: Callable[..., LocalJob], model_dir: Any
) -> None:
    state = trainer.make(Initial(config=config, seed=3), {})
    own = job(0, config, down_bits=bits)
    content = pack(state, bits, own, "down")
    read = unpack(content, shapes_of(state), bits)
    told = received(state, own)
    assert all(np.array_equal(read[name], told[name]) for name in state)
    assert len(content) == payload_bytes(read_architecture(model_dir), config, N_LABELS, bits)


def test_odd_rows_and_signs_survive_four_bits(job: Callable[..., LocalJob]) -> None:
    state = {"a": np.linspace(-7, 7, 15, dtype=np.float32), "b": np.full((2, 3), -7.0, np.float32)}
    own = job(0, Adapter(depth=0, width=8))
    read = unpack(pack(state, 4, own, "up"), shapes_of(state), 4)
    assert np.array_equal(read["a"], state["a"])
    assert np.array_equal(read["b"], state["b"])


@pytest.mark.parametrize("bits", ALL_BITS)
def test_bytes_of_another_length_are_refused(bits: Bits) -> None:
    with pytest.raises(ValueError, match="was expected, got 3"):
        unpack(b"123", {"a": (2, 3)}, bits)
