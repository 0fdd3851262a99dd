"""Strings become objects: a scenario and a seed become a Simulation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simpy import Environment

from configurator import Configurator, Drawing, Growing
from learner.encoder.architecture import Architecture
from learner.training.numerics import Precision
from learner.training.pool import ALONE, TrainingPool
from sim.engine.audit import Audit
from sim.engine.context import Context
from sim.engine.participation import Participation, participate
from sim.engine.simulation import Simulation
from sim.fleet.link import ServerLink
from sim.fleet.shared_link import SharedLink
from sim.runlog import RunLog
from sim.scenario.fleet import ServerSide
from sim.scenario.scenario import Scenario
from sim.streams import Streams

from .availability import population_availability
from .checks import check_depths, check_scenario, find_architecture
from .cost_model import build_cost_model
from .data import load_data
from .facts import describe, resampled_to_s
from .learner import NO_WATCHERS, Missing, Watchers, build_learner, find_revision
from .network import connect
from .population import populate
from .server import build_server

_BYTES_PER_MBIT = 125_000


def build_simulation(
    scenario: Scenario,
    seed: int,
    *,
    log: RunLog,
    cache_dir: Path,
    configurator: Configurator | None = None,
    participation: Participation = participate,
    watchers: Watchers = NO_WATCHERS,
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
    cost = build_cost_model(scenario, architecture, len(data.task.labels) if data.task else 0)
    revision = find_revision(scenario, cache_dir)
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
    learner = build_learner(scenario, data, revision, cache_dir, watchers, missing, precision, pool)
    facts = {
        **describe(architecture, data, clients),
        "network": network.facts,
        "client_rates_resampled_to_s": resampled_to_s(scenario.fleet.server),
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


def _server_link(env: Environment, server: ServerSide) -> ServerLink:
    def shared(mbit_per_s: float | None) -> SharedLink | None:
        if mbit_per_s is None:
            return None
        return SharedLink(env, mbit_per_s * _BYTES_PER_MBIT, server.link_step_s)

    return ServerLink(down=shared(server.down_mbit_per_s), up=shared(server.up_mbit_per_s))


def _fitted(scenario: Scenario, architecture: Architecture, streams: Streams) -> Configurator:
    """The scenario's policy; growth ends at the model's layers, and draws are the run's own, unless
    it said otherwise."""
    policy = scenario.configurator
    if isinstance(policy, Growing):
        policy = replace(policy, space=policy.space.within(architecture.n_layers))
    if isinstance(policy, Drawing) and policy.seed is None:
        policy = replace(policy, seed=streams.key("configurator"))
    return policy
