"""Measured steps: more work takes longer, and cached activations save the frozen layers."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from learner.encoder.backbone import Backbone, load_backbone
from learner.spec import Adapter, Full
from learner.training.device import own_device
from learner.training.step_seconds import Work, _activations_of, step_cost


@pytest.fixture(scope="module")
def backbone(model_dir: Path) -> Backbone:
    return load_backbone(model_dir, own_device(), torch.float32)


def test_a_step_takes_time_and_memory(backbone: Backbone) -> None:
    work = Work(config=Full(), cache="none", batch_size=2, tokens=4, n_labels=3)
    cost = step_cost(backbone, work, repeats=3)
    assert cost.seconds > 0.0
    assert cost.quartiles_s[0] <= cost.seconds <= cost.quartiles_s[1]
    assert cost.peak_bytes is None or cost.peak_bytes > 1e6


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read on Linux alone")
def test_memory_freed_before_is_not_memory_of_the_step(backbone: Backbone) -> None:
    work = Work(config=Full(), cache="none", batch_size=2, tokens=4, n_labels=3)
    before = step_cost(backbone, work, repeats=1).peak_bytes
    blocks = [bytes(100_000) for _ in range(4_000)]  # each too small for a mapping of its own
    kept = blocks[::40]  # so that the allocator cannot give back the end of its heap by itself
    del blocks
    after = step_cost(backbone, work, repeats=1).peak_bytes
    assert before is not None
    assert after is not None
    assert len(kept) == 100
    assert after < before + 100e6


def test_computed_activations_are_the_stored_ones(backbone: Backbone) -> None:
    config = Adapter(depth=1, width=8)
    stored, computed = (
        _activations_of(
            backbone, Work(config=config, cache=cache, batch_size=2, tokens=4, n_labels=3)
        )
        for cache in ("hit", "none")
    )
    rows = np.array([8, 9, 10, 11, 0, 1, 2, 3])  # the third text, then the first
    np.testing.assert_allclose(stored.block(1)[rows], computed.block(1)[rows], rtol=1e-4, atol=1e-5)
