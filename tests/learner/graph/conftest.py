"""A StoredLearner over real training of the tiny encoder, and short lineages of rounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from learner.aggregation_rule import FedAvg
from learner.graph.stored_learner import StoredLearner
from learner.spec import Adapter, Learner, LocalJob, StateRef, TuningConfig, Update
from learner.store.store import Store
from learner.training.torch_learner import TorchLearner

SMALL, DEEP = Adapter(depth=1, width=8), Adapter(depth=2, width=8)
Make = Callable[..., StoredLearner]


@pytest.fixture
def learner(tmp_path: Path, trainer: TorchLearner) -> Make:
    """learner(...) on the store in tmp_path; its trainer counts from 0."""

    def make(**changes: object) -> StoredLearner:
        trainer.trainings = 0
        settings = {"store": Store(tmp_path), "make_trainer": lambda: trainer} | changes
        return StoredLearner(context="keywords", numerics="tag", **settings)  # type: ignore[arg-type]

    return make


@pytest.fixture
def lineage(job: Callable[..., LocalJob]) -> Callable[..., list[StateRef]]:
    """lineage(learner, config, n): an initial state and the n two-client rounds after it."""

    def make(
        learner: Learner, config: TuningConfig, n_rounds: int, **changes: float
    ) -> list[StateRef]:
        states = [learner.initial(config, 7)]
        for _ in range(n_rounds):
            states.append(one_round(learner, states[-1], config, **changes))
        return states

    def one_round(
        learner: Learner, state: StateRef, config: TuningConfig, **changes: float
    ) -> StateRef:
        jobs = [job(client, config, n_batches=1, **changes) for client in (0, 3)]
        updates = [Update(job=one, base=state, weight=float(one.shard.n_samples)) for one in jobs]
        return learner.aggregate(state, updates, FedAvg())

    return make


def stored_states(root: Path) -> list[Path]:
    return sorted(root.rglob("*.safetensors"))
