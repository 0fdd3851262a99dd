"""Local training of one client gives the weights of a plain PyTorch loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learner.graph.recipes import Initial
from learner.spec import (
    Adapter,
    Freeze,
    Full,
    LocalJob,
    Lora,
    StateRef,
    TuningConfig,
)
from learner.tasks import Task
from learner.training.torch_learner import TorchLearner
from tests.learner.training.plain_loop import LORA_ALPHA, RULES, greatest_difference, train_plainly

BASE = StateRef("base")

CONFIGS = [
    pytest.param(Adapter(depth=0, width=8), id="head"),
    pytest.param(Adapter(depth=1, width=8), id="adapter-1-8"),
    pytest.param(Adapter(depth=2, width=16), id="adapter-2-16"),
    pytest.param(Lora(depth=1, rank=2, alpha=LORA_ALPHA), id="lora-1-2"),
    pytest.param(Lora(depth=2, rank=4, alpha=LORA_ALPHA), id="lora-2-4"),
    pytest.param(Freeze(depth=0), id="freeze-0"),
    pytest.param(Freeze(depth=1), id="freeze-1"),
    pytest.param(Freeze(depth=2), id="freeze-2"),
    pytest.param(Full(), id="full"),
]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_client_trains_as_a_plain_loop_does(
    config: TuningConfig,
    optimizer: str,
    trainer: TorchLearner,
    model_dir: Path,
    task: Task,
    shards: Mapping[int, np.ndarray],
    job: Callable[..., LocalJob],
    round_of: Callable[..., Any],
) -> None:
    base = trainer.make(Initial(config=config, seed=3), {})
    one = job(0, config, n_batches=5, optimizer=optimizer)
    ours = trainer.make(round_of(one), {BASE: base})
    plain = train_plainly(model_dir, task, base, one, shards[0])
    assert greatest_difference(ours, plain) < 1e-5
    assert greatest_difference(ours, base) > 1e-4


@pytest.mark.parametrize("config", [Adapter(depth=1, width=8), Full()], ids=str)
@pytest.mark.parametrize("rules", RULES, ids=lambda rules: " ".join(rules))
def test_every_rule_of_local_training_is_that_of_a_plain_loop(
    config: TuningConfig,
    rules: dict[str, Any],
    trainer: TorchLearner,
    model_dir: Path,
    task: Task,
    shards: Mapping[int, np.ndarray],
    job: Callable[..., LocalJob],
    round_of: Callable[..., Any],
) -> None:
    base = trainer.make(Initial(config=config, seed=3), {})
    ruled = job(0, config, n_batches=5, **rules)
    ours = trainer.make(round_of(ruled), {BASE: base})
    assert greatest_difference(ours, train_plainly(model_dir, task, base, ruled, shards[0])) < 1e-5
    plain = {name: rules[name] for name in ("optimizer", "lr") if name in rules}
    without = trainer.make(round_of(job(0, config, n_batches=5, **plain)), {BASE: base})
    assert greatest_difference(ours, without) > 1e-4  # the rules matter
