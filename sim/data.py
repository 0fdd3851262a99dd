"""The task's texts, and who holds which of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learner import partition
from learner.assets import data_dir, model_dir
from learner.spec import Shard
from learner.tasks import Task, load_task

from .population import synthetic_shards
from .scenario import Scenario
from .scenario_task import Dirichlet, SyntheticTask, TextTask, TorchTraining
from .streams import Streams


@dataclass(frozen=True, slots=True)
class Data:
    """The task and who holds which of its examples; `task` is None where no data is needed."""

    task: Task | None
    parts: tuple[NDArray[np.int64], ...]
    shards: list[Shard]


def fetch_assets(scenario: Scenario, cache_dir: Path) -> None:
    """Bring model and data into the cache, if the scenario needs them. Raises AssetError."""
    if isinstance(scenario.learner, TorchTraining):
        model_dir(scenario.model.source, cache_dir)
    if isinstance(scenario.task, TextTask):
        data_dir(scenario.task.source, cache_dir)


def load_data(scenario: Scenario, streams: Streams, cache_dir: Path) -> Data:
    """Fetch and read the task, and part its training texts among the clients."""
    task, n_clients = scenario.task, scenario.partition.clients
    if isinstance(task, SyntheticTask):
        return Data(None, (), synthetic_shards(task, scenario.training, n_clients))
    loaded = load_task(task.source, validation=task.validation, cache_dir=cache_dir)
    parts = _part(scenario, loaded, streams.key("partition"))
    return Data(loaded, parts, list(partition.shards(parts)))


def _part(scenario: Scenario, task: Task, seed: int) -> tuple[NDArray[np.int64], ...]:
    kind, labels = scenario.partition, task.train.labels
    if isinstance(kind, Dirichlet):
        return partition.dirichlet(labels, n_clients=kind.clients, alpha=kind.alpha, seed=seed)
    return partition.iid(len(labels), n_clients=kind.clients, seed=seed)
