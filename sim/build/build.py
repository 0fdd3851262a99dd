"""Strings become objects: a scenario and a seed become a Simulation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from simpy import Environment

from configurator import Configurator, Drawing, Growing
from learner.assets.sources import model_dir, model_revision
from learner.encoder.architecture import Architecture
from learner.graph.counting_learner import CountingLearner
from learner.graph.curve_learner import CurveLearner, Saturating, Tabulated
from learner.graph.recipes import canonical
from learner.graph.stored_learner import Progress, StoredLearner, Trainer
from learner.spec import Learner, StateRef
from learner.store.budget import cache_budget, store_dir
from learner.store.store import Store
from learner.training.numerics import Precision, numerics_tag
from learner.training.pool import ALONE, TrainingPool

from sim.cost.protocol import CostModel
from sim.cost.table import TableCostModel, flops_ratio
from sim.engine.context import Context
from sim.engine.participation import Participation, participate
from sim.engine.simulation import Simulation
from .availability import population_availability
from .server import build_server
from sim.cost.analytic import AnalyticCostModel
from sim.engine.audit import Audit
from .checks import check_depths, check_scenario, find_architecture
from sim.fleet.client import Client
from .data import Data, load_data
from sim.fleet.link import ServerLink
from .network import connect
from .population import populate
from sim.records import RoundRow
from sim.runlog import RunLog
from sim.scenario.scenario import Scenario
from sim.scenario.fleet import ServerSide
from sim.scenario.task import CurveTraining, DataTask, SyntheticTask
from sim.fleet.shared_link import SharedLink
from sim.streams import Streams

_BYTES_PER_MBIT = 125_000

Missing = Literal["train", "refuse", "count"]
"""What the learner does about a number that the store does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchers:
    """Who is told what happens, while it happens; nothing flows back. `where` says in which branch
    and round a state was made, for messages."""

    on_round: Callable[[RoundRow], None] = lambda row: None
    on_progress: Callable[[Progress], None] = lambda progress: None
    on_fill: Callable[[str, float], None] = lambda split, share: None
    where: Callable[[StateRef], str] = lambda state: ""


def build_simulation(
    scenario: Scenario,
    seed: int,
    *,
    log: RunLog,
    cache_dir: Path,
    configurator: Configurator | None = None,
    participation: Participation = participate,
    watchers: Watchers = Watchers(),
    missing: Missing = "train",
    precision: Precision = "fp32",
    pool: TrainingPool = ALONE,
) -> Simulation:
    """`configurator` replaces the scenario's; `participation` is what a client does in a round.

    Raises ValueError, naming the key, where scenario, model and data do not fit together.
    """
    streams = Streams(seed)
    check_scenario(scenario)
    architecture = find_architecture(scenario, cache_dir)
    check_depths(scenario, architecture)
    data = load_data(scenario, streams, cache_dir)
    cost = _cost_model(scenario, architecture, len(data.task.labels) if data.task else 0)
    revision = _revision(scenario, cache_dir)
    env = Environment()
    server_link = _server_link(env, scenario.fleet.server)
    ids = range(len(data.shards))
    network = connect(scenario.fleet.network, streams, ids, cache_dir, server_link)
    available = population_availability(scenario.fleet.availability, streams, ids, cache_dir)
    clients = populate(
        scenario,
        streams,
        data.shards,
        network.links,
        available.clients,
        architecture.hidden,
    )
    context = Context(
        env=env,
        when_offline=getattr(scenario.fleet.availability, "when_offline", "drop"),
        rows=log.events if scenario.log == "all" else None,
    )
    learner = _learner(scenario, data, revision, cache_dir, watchers, missing, precision, pool)
    facts = {
        **_facts(architecture, data, clients),
        "network": network.facts,
        "client_rates_resampled_to_s": _resampled_to_s(scenario.fleet.server),
        "availability": available.facts,
        "model_revision": revision,
        "task_digest": data.task and data.task.digest,
    }
    server = build_server(
        scenario,
        context=context,
        streams=streams,
        clients=clients,
        cost=cost,
        learner=learner,
        configurator=configurator or _fitted(scenario, architecture, streams),
        participation=participation,
        log=log,
        audit=Audit(server_link),
        on_round=watchers.on_round,
        n_layers=architecture.n_layers,
    )
    return Simulation(
        scenario=scenario,
        seed=seed,
        context=context,
        clients=clients,
        learner=learner,
        server=server,
        log=log,
        facts=facts,
        holdings=data.holdings,
        where=watchers.where,
    )


def _resampled_to_s(server: ServerSide) -> float | None:
    """The steps over which the clients' rates are averaged; None where the server's own link is no
    bottleneck and they are used as they are."""
    is_shared = server.down_mbit_per_s is not None or server.up_mbit_per_s is not None
    return server.link_step_s if is_shared else None


def _server_link(env: Environment, server: ServerSide) -> ServerLink:
    def shared(mbit_per_s: float | None) -> SharedLink | None:
        if mbit_per_s is None:
            return None
        return SharedLink(env, mbit_per_s * _BYTES_PER_MBIT, server.link_step_s)

    return ServerLink(down=shared(server.down_mbit_per_s), up=shared(server.up_mbit_per_s))


def _cost_model(scenario: Scenario, architecture: Architecture, n_labels: int) -> CostModel:
    kind, task, batch_size = scenario.cost, scenario.task, scenario.training.batch_size
    if kind.kind == "analytic":
        return AnalyticCostModel(
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
    return TableCostModel(
        architecture=architecture,
        n_labels=n_labels,
        payload=kind.payload,
        latency_scale=scale,
        tokens=task.max_tokens,
        batch_size=batch_size,
        is_of_model=kind.scale == "none",
    )


def _revision(scenario: Scenario, cache_dir: Path) -> str | None:
    """The content of the model's files by name; None where no model is trained."""
    if isinstance(scenario.learner, CurveTraining):
        return None
    return model_revision(model_dir(scenario.model.source, cache_dir))


def _learner(
    scenario: Scenario,
    data: Data,
    revision: str | None,
    cache_dir: Path,
    watchers: Watchers,
    missing: Missing,
    precision: Precision,
    pool: TrainingPool,
) -> Learner:
    """The scenario's learner; torch is imported at the first missing training, not before."""
    kind, task = scenario.learner, scenario.task
    if isinstance(kind, CurveTraining):
        return CurveLearner(canonical(kind), _curve(kind))
    loaded = data.task
    assert loaded is not None
    assert isinstance(task, DataTask)
    directory = model_dir(scenario.model.source, cache_dir)

    def make_trainer() -> Trainer:
        from learner.training.torch_learner import TorchLearner

        make = partial(
            TorchLearner,
            model_dir=directory,
            task=loaded,
            shards=dict(enumerate(data.parts)),
            max_tokens=task.max_tokens,
            cache_dir=cache_dir,
            precision=precision,
            new_weights=scenario.training.new_weights,
        )
        return pool.trainer(make, max_tokens=task.max_tokens, on_fill=watchers.on_fill)

    context = _context(scenario, revision, loaded.digest, task.max_tokens)
    store = Store(store_dir(cache_dir), cache_budget(cache_dir))
    numerics = numerics_tag(precision)
    if missing == "count":
        return CountingLearner(context=context, store=store, numerics=numerics)
    return StoredLearner(
        context=context,
        store=store,
        numerics=numerics,
        make_trainer=make_trainer if missing == "train" else None,
        on_progress=watchers.on_progress,
    )


def _context(scenario: Scenario, revision: str | None, task_digest: str, max_tokens: int) -> str:
    """What every recipe of the run shares. The published new weights need no name: states that
    were stored before there was a choice keep theirs."""
    new_weights = scenario.training.new_weights
    named = "" if new_weights == "published" else f" {new_weights}"
    return f"{revision} {task_digest} {max_tokens}{named}"


def _facts(architecture: Architecture, data: Data, clients: Sequence[Client]) -> dict[str, Any]:
    """For the manifest: sizes, and what always answering the commonest label would score."""
    task = data.task
    return {
        "n_layers": architecture.n_layers,
        "n_clients": len(clients),
        "n_samples": [client.shard.n_samples for client in clients],
        "devices": dict(Counter(client.device.profile.name for client in clients)),
        "device_of_client": [client.device.profile.name for client in clients],
        "labels": list(task.labels) if task else [],
        "metric": task.metric if task else "accuracy",
        "task_examples": task
        and {name: len(task.split(name)) for name in ("train", "validation", "test")},
        "task_words_a_text": task and float(task.train.n_words.mean()),
        "task_repeats_left_out": task and dict(task.repeats),
        "majority_accuracy": task
        and {split: task.majority_accuracy(split) for split in ("validation", "test")},
    }


def _curve(kind: CurveTraining) -> Saturating | Tabulated:
    if kind.points is not None:
        return Tabulated(kind.points)
    return Saturating(floor=kind.floor, ceiling=kind.ceiling, scale_samples=kind.scale_samples)


def _fitted(scenario: Scenario, architecture: Architecture, streams: Streams) -> Configurator:
    """The scenario's policy; growth ends at the model's layers, and draws are the run's own, unless
    it said otherwise."""
    policy = scenario.configurator
    if isinstance(policy, Growing):
        policy = replace(policy, space=policy.space.within(architecture.n_layers))
    if isinstance(policy, Drawing) and policy.seed is None:
        policy = replace(policy, seed=streams.key("configurator"))
    return policy
