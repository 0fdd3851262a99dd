"""Payload bytes computed from the architecture equal those of the tensors."""

from __future__ import annotations

import pytest

from learner.graph.recipes import Initial
from learner.spec import Adapter, Freeze, Full, Lora, TuningConfig
from learner.training.torch_learner import TorchLearner
from learner.tuning.payload import payload_bytes

CONFIGS = [
    Adapter(depth=0, width=8),
    Adapter(depth=2, width=16),
    Lora(depth=2, rank=3),
    Freeze(depth=1),
    Full(),
]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_bytes_are_those_of_the_trained_tensors(
    config: TuningConfig, trainer: TorchLearner
) -> None:
    state = trainer.make(Initial(config=config, seed=1), {})
    shape = trainer._backbone.architecture
    n_parameters = sum(value.size for value in state.values())
    n_rows = sum(len(value) if value.ndim == 2 else 1 for value in state.values())
    assert payload_bytes(shape, config, 3) == 4 * n_parameters
    in_8_bits = payload_bytes(shape, config, 3, 8)
    assert in_8_bits == n_parameters + 4 * n_rows
    in_4_bits = payload_bytes(shape, config, 3, 4)
    assert 0 <= in_4_bits - (n_parameters / 2 + 4 * n_rows) <= n_rows / 2  # a row ends with a byte
