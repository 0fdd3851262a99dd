"""Training with the encoder in bf16 is close to fp32, and parameters stay in fp32."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from learner.graph.recipes import Initial
from learner.spec import Adapter, Freeze, Full, LocalJob, Lora, StateRef, TuningConfig
from learner.tasks import Task
from learner.training.torch_learner import TorchLearner

BASE = StateRef("base")
CONFIGS = [
    Adapter(depth=0, width=8),
    Adapter(depth=2, width=16),
    Lora(depth=2, rank=3),
    Freeze(depth=1),
    Full(),
]


@pytest.fixture
def in_bf16(
    model_dir: Path, task: Task, shards: Mapping[int, np.ndarray], cache_dir: Path
) -> TorchLearner:
    return TorchLearner(
        model_dir=model_dir,
        task=task,
        shards=shards,
        max_tokens=8,
        cache_dir=cache_dir,
        precision="bf16",
    )


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_bf16_trains_nearly_what_fp32_does(
    config: TuningConfig,
    in_bf16: TorchLearner,
    trainer: TorchLearner,
    job: Callable[..., LocalJob],
    round_of: Any,
) -> None:
    base = trainer.make(Initial(config=config, seed=3), {})
    same = in_bf16.make(Initial(config=config, seed=3), {})
    assert all(np.array_equal(base[name], same[name]) for name in base)
    # SGD, because AdamW's first steps have the same size even if a gradient is rounding noise.
    jobs = [job(client, config, optimizer="sgd", lr=0.05, head_lr=0.05) for client in range(3)]
    exact = trainer.make(round_of(*jobs), {BASE: base})
    rough = in_bf16.make(round_of(*jobs), {BASE: base})
    moved = np.sqrt(sum(float(((exact[n] - base[n]) ** 2).sum()) for n in base))
    apart = np.sqrt(sum(float(((exact[n] - rough[n]) ** 2).sum()) for n in base))
    assert 0 < apart < 0.05 * moved
    assert {value.dtype for value in rough.values()} == {np.dtype(np.float32)}
    scores = [learner.evaluate(exact, config, "test") for learner in (trainer, in_bf16)]
    assert scores[0].loss == pytest.approx(scores[1].loss, rel=0.02)
    assert scores[0].loss != scores[1].loss


def test_steps_too_small_for_bf16_are_not_lost(
    in_bf16: TorchLearner, job: Callable[..., LocalJob], round_of: Any
) -> None:
    """Weights of about 1 have a resolution of 1/256 in bf16; AdamW's steps here are of 1e-5."""
    base = in_bf16.make(Initial(config=Full(), seed=3), {})
    after = in_bf16.make(round_of(job(0, Full(), n_batches=1, lr=1e-5)), {BASE: base})
    gain = next(name for name in base if name.endswith("output.LayerNorm.weight"))
    steps = np.abs(after[gain] - base[gain])
    assert 5e-6 < steps.max() < 2e-5


def test_the_encoder_holds_a_copy_in_bf16_beside_the_pre_trained_weights(
    in_bf16: TorchLearner, trainer: TorchLearner
) -> None:
    backbone = in_bf16._backbone
    assert {tensor.dtype for tensor in backbone.frozen.values()} == {torch.bfloat16}
    assert {tensor.dtype for tensor in backbone.weights.values()} == {torch.float32}
    plain = trainer._backbone
    assert all(plain.frozen[name] is tensor for name, tensor in plain.weights.items())
