"""Clients trained in one pass give the weights and losses of clients trained one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from learner.graph.recipes import Initial
from learner.spec import (
    Adapter,
    Feedback,
    LocalJob,
    Lora,
    StateRef,
    TuningConfig,
)
from learner.training.local import passes
from learner.training.torch_learner import TorchLearner
from tests.learner.training.plain_loop import RULES, greatest_difference

BASE = StateRef("base")


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: " ".join(rules))
def test_every_option_applies_to_each_client_of_a_pass(
    rules: dict[str, Any],
    trainer: TorchLearner,
    job: Callable[..., LocalJob],
    round_of: Callable[..., Any],
) -> None:
    config = Adapter(depth=2, width=8)
    base = trainer.make(Initial(config=config, seed=3), {})
    jobs = [job(client, config, n_batches=n, **rules) for client, n in enumerate((3, 1, 5, 3))]
    assert len(list(passes(round_of(*jobs).updates, 8))) == 1
    together = trainer.make(round_of(*jobs), {BASE: base})
    alone = [trainer.make(round_of(one), {BASE: base}) for one in jobs]
    weights = np.array([one.shard.n_samples for one in jobs]) / 44
    mean = {name: sum(w * s[name] for w, s in zip(weights, alone, strict=True)) for name in base}
    assert greatest_difference(together, mean) < 1e-5


@pytest.mark.parametrize(
    "config",
    [Adapter(depth=0, width=8), Adapter(depth=2, width=16), Lora(depth=2, rank=3)],
    ids=str,
)
def test_clients_of_a_pass_train_as_they_do_alone(
    config: TuningConfig,
    trainer: TorchLearner,
    job: Callable[..., LocalJob],
    round_of: Callable[..., Any],
) -> None:
    base = trainer.make(Initial(config=config, seed=3), {})
    jobs = [job(client, config, n_batches=n) for client, n in enumerate((3, 1, 5, 2, 0))]
    assert len(list(passes(round_of(*jobs).updates, 8))) == 1
    losses: list[Feedback] = []
    losses_alone: list[Feedback] = []
    together = trainer.make(round_of(*jobs), {BASE: base}, losses.extend)
    alone = [trainer.make(round_of(one), {BASE: base}, losses_alone.extend) for one in jobs]
    weights = np.array([one.shard.n_samples for one in jobs]) / 51
    mean = {name: sum(w * s[name] for w, s in zip(weights, alone, strict=True)) for name in base}
    assert greatest_difference(together, mean) < 1e-5
    assert mean_losses(losses) == pytest.approx(mean_losses(losses_alone), abs=1e-5)
    # The check can fail: one more step of one client is detected.
    jobs[1] = job(1, config, n_batches=2)
    losses.clear()
    longer = trainer.make(round_of(*jobs), {BASE: base}, losses.extend)
    assert greatest_difference(longer, mean) > 1e-4
    assert abs(mean_losses(losses)[1] - mean_losses(losses_alone)[1]) > 1e-4


def mean_losses(told: Sequence[Feedback]) -> list[float]:
    return [feedback.mean_loss for feedback in told]
