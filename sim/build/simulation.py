"""Builds a Simulation from a scenario and a seed: each name in the scenario becomes an object."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

from simpy import Environment

from configurator import Configurator
from learner.encoder.architecture import Architecture
from learner.spec import Full
from learner.training.numerics import Precision
from learner.training.pool import ALONE, TrainingPool
from sim.cost.protocol import CostModel
from sim.engine.audit import Audit
from sim.engine.context import Context
from sim.engine.participation import Participation, participate
from sim.engine.simulation import Simulation
from sim.fleet.client import Client
from sim.fleet.link import ServerLink
from sim.fleet.shared_link import SharedLink
from sim.runlog import RunLog
from sim.scenario.fleet import Fleet
from sim.scenario.scenario import Scenario
from sim.streams import Streams

from .checks import check_depths, check_scenario, find_architecture, warnings
from .configurator import build_configurator
from .cost_model import build_cost_model
from .data import Data, load_data
from .devices import find_profiles
from .facts import model_data_facts, resampled_to_s
from .learner import (
    NO_CALLBACKS,
    OnMissing,
    RecordedScores,
    RunCallbacks,
    build_learner,
    find_revision,
)
from .population import build_clients
from .server import build_server
from .surroundings import find_surroundings

_BYTES_PER_MBIT = 125_000

_MOST_IN_VAIN = 300
"""Attempts at a stage that absences undo before it counts as one that never finishes."""


def build_simulation(
    scenario: Scenario,
    seed: int,
    *,
    log: RunLog,
    cache_dir: Path,
    store_cache: Path | None = None,
    configurator: Configurator | None = None,
    participation: Participation = participate,
    callbacks: RunCallbacks = NO_CALLBACKS,
    on_missing: OnMissing = "train",
    scores: RecordedScores | None = None,
    precision: Precision = "fp32",
    pool: TrainingPool = ALONE,
    data: Data | None = None,
) -> Simulation:
    """A simulation, ready to run. Downloads model and data unless they are in the cache.

    store_cache: the cache whose stored states are used, if not those of cache_dir. configurator:
    used instead of the scenario's. participation: what a client does in a round. on_missing: see
    OnMissing. scores: those of a run that is replayed without training. pool: the processes that
    train. data: those that load_data returned for the same arguments (None: they are loaded here).
    Raises ValueError, naming the key, if scenario, model and data do not fit together.
    """
    streams = Streams(seed)
    check_scenario(scenario, configurator)
    architecture = find_architecture(scenario, cache_dir)
    check_depths(scenario, architecture, configurator)
    data = data or load_data(scenario, streams, cache_dir)
    cost = build_cost_model(scenario, architecture, data.n_labels)
    revision = find_revision(scenario, cache_dir)
    learner = build_learner(
        scenario,
        data,
        revision,
        cache_dir,
        store_cache or cache_dir,
        callbacks,
        on_missing,
        scores,
        precision,
        pool,
    )
    env = Environment()
    server_link = _server_link(env, scenario.fleet)
    clients, facts = _clients(scenario, streams, data, architecture, cost, cache_dir, server_link)
    context = Context(
        env=env,
        when_offline=getattr(scenario.fleet.availability, "when_offline", "drop"),
        rows=log.events if scenario.log == "all" else None,
        most_in_vain=_MOST_IN_VAIN if _may_last_for_ever(scenario) else math.inf,
    )
    server = build_server(
        scenario,
        context=context,
        streams=streams,
        clients=clients,
        cost=cost,
        learner=learner,
        configurator=configurator or build_configurator(scenario, architecture, streams),
        participation=participation,
        log=log,
        audit=Audit(server_link),
        on_round=callbacks.on_round,
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
        facts=facts
        | {
            "model_revision": revision,
            "task_digest": data.task and data.task.digest,
            "scenario_warnings": [*warnings(scenario)],
        },
        holdings=data.holdings,
        where=callbacks.where,
    )


def _may_last_for_ever(scenario: Scenario) -> bool:
    """Whether neither a deadline nor the run's limit ends a round without its clients' reports."""
    return scenario.rounds.deadline_s is None and scenario.stop.sim_s is None


def _clients(
    scenario: Scenario,
    streams: Streams,
    data: Data,
    architecture: Architecture,
    cost: CostModel,
    cache_dir: Path,
    server_link: ServerLink,
) -> tuple[list[Client], dict[str, Any]]:
    """The clients, and facts about them for the manifest."""
    fleet, ids = scenario.fleet, range(len(data.shards))
    around = find_surroundings(
        fleet,
        streams,
        ids,
        cache_dir,
        server=server_link,
        full_s_per_sample=partial(_full_s_per_sample, scenario, architecture, cost),
    )
    clients = build_clients(
        scenario,
        streams,
        data.shards,
        around.links,
        around.availability,
        architecture,
        around.speeds,
    )
    facts = {
        **model_data_facts(architecture, data, clients),
        **around.facts,
        "client_rates_resampled_to_s": resampled_to_s(fleet.server),
    }
    return clients, facts


def _full_s_per_sample(scenario: Scenario, architecture: Architecture, cost: CostModel) -> float:
    """Seconds of full fine-tuning for one example, on the first of the fleet's device classes."""
    profiles = find_profiles(scenario, architecture)
    batch_s = cost.compute_s(next(iter(profiles.values())), Full(), 1, "none")
    return batch_s / scenario.training.batch_size


def _server_link(env: Environment, fleet: Fleet) -> ServerLink:
    """The server's own link, at the rate of the payload."""
    server, network = fleet.server, fleet.network
    share = 1.0 if network is None else network.transport.payload_share

    def shared(mbit_per_s: float | None) -> SharedLink | None:
        if mbit_per_s is None:
            return None
        return SharedLink(env, mbit_per_s * _BYTES_PER_MBIT * share, server.link_step_s)

    return ServerLink(down=shared(server.down_mbit_per_s), up=shared(server.up_mbit_per_s))
