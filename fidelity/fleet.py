"""What a deployment follows: the simulator's own inputs of a scenario, by client."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from learner.ranges import require
from sim.build.availability import population_availability
from sim.build.network import build_links
from sim.build.population import assign_devices
from sim.fleet.availability import ClientAvailability
from sim.fleet.link import OneWay
from sim.fleet.transport import Fluid
from sim.scenario.network import ConstantNetwork, TraceNetwork
from sim.scenario.scenario import Scenario
from sim.streams import Streams

MOST_CLIENTS = 10


def check(scenario: Scenario, core_share: Mapping[str, float | None]) -> None:
    """Raise ValueError, naming the key, for a scenario that cannot be deployed."""
    n_clients, rounds = scenario.partition.clients, scenario.rounds
    require(
        n_clients <= MOST_CLIENTS,
        f"partition.clients must be at most {MOST_CLIENTS} in a deployment, got {n_clients}",
    )
    require(rounds.mode == "sync", f"rounds.mode must be sync in a deployment, got {rounds.mode}")
    require(
        rounds.participants == n_clients and rounds.overcommit == 1,
        "rounds.participants must be partition.clients in a deployment: every client that is "
        f"available takes part, got {rounds.participants} of {n_clients}",
    )
    require(scenario.stop.rounds is not None, "stop.rounds is missing: a deployment needs it")
    require(
        isinstance(scenario.fleet.network, TraceNetwork | ConstantNetwork),
        "fleet.network is missing: a deployment needs constant rates or traces",
    )
    missing = set(scenario.fleet.devices) - set(core_share)
    require(
        not missing,
        f"core_share or job_s lacks the device class {', '.join(sorted(missing))}",
    )
    rule = getattr(scenario.fleet.availability, "when_offline", "drop")
    require(
        rule == "drop",
        f"fleet.availability.when_offline must be drop in a deployment, got {rule}",
    )
    for name, value in (("jitter", scenario.fleet.jitter), ("p_dropout", scenario.fleet.p_dropout)):
        require(value == 0, f"fleet.{name} must be 0 in a deployment, got {value}")
    require(
        not scenario.cache.enabled,
        "cache.enabled must be false in a deployment: activations are stored before it starts, and "
        "the seconds of its devices are measured with them",
    )
    require(
        not scenario.exchange.deliver_model,
        "exchange.deliver_model must be false in a deployment: its clients have the model",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What the deployment of a scenario follows: the simulator's own inputs, by client.

    rates: changes of the rates down and up, [seconds, bytes a second]. absences_s: pairs of
    leaving and returning, seconds after the start. devices: names of their classes. core_share: of
    one core; None: no quota.
    """

    down: Sequence[Sequence[tuple[float, float]]]
    up: Sequence[Sequence[tuple[float, float]]]
    absences_s: Sequence[Sequence[tuple[float, float]]]
    devices: Sequence[str]
    core_share: Sequence[float | None]
    round_trip_s: float
    server_down: float | None
    server_up: float | None


def fleet_of(
    scenario: Scenario,
    core_share: Mapping[str, float | None],
    horizon_s: float,
    seed: int,
    cache_dir: Path,
) -> Fleet:
    """The fleet of a scenario with a seed, for `horizon_s` seconds of every run.

    core_share: of one core, by device class; None: no quota. Raises ValueError, naming the key.
    """
    check(scenario, core_share)
    streams, ids = Streams(seed), range(scenario.partition.clients)
    network, server = scenario.fleet.network, scenario.fleet.server
    assert network is not None
    links = build_links(replace(network, transport=Fluid()), streams, ids, cache_dir).links
    present = population_availability(scenario.fleet.availability, streams, ids, cache_dir).clients
    devices = assign_devices(scenario.fleet.devices, streams, ids, scenario.fleet.assign)
    return Fleet(
        down=[rate_changes(link.down, horizon_s) for link in links],
        up=[rate_changes(link.up, horizon_s) for link in links],
        absences_s=[_absences(one, horizon_s) for one in present],
        devices=devices,
        core_share=[core_share[name] for name in devices],
        round_trip_s=network.latency_s,
        server_down=_bytes_per_s(server.down_mbit_per_s),
        server_up=_bytes_per_s(server.up_mbit_per_s),
    )


def _bytes_per_s(mbit_per_s: float | None) -> float | None:
    return None if mbit_per_s is None else mbit_per_s * 125_000.0


def rate_changes(way: OneWay, horizon_s: float) -> list[tuple[float, float]]:
    """The steps of a direction's trace as its client meets them, from 0 to the horizon."""
    trace, changes = way.trace, list[tuple[float, float]]()
    if len(trace.values) == 1 and trace.end_rule != "error":
        return [(0.0, float(trace.values[0]))]
    first_s = trace.start_s - way.offset_s
    n_cycles = math.ceil((horizon_s - first_s) / trace.period_s) if trace.end_rule == "loop" else 1
    for cycle in range(n_cycles):
        for at_s, rate in zip(trace.times_s.tolist(), trace.values.tolist(), strict=True):
            changes.append((first_s + cycle * trace.period_s + at_s, rate))
    started = [rate for at_s, rate in changes if at_s <= 0.0]
    later = [(at_s, rate) for at_s, rate in changes if 0.0 < at_s < horizon_s]
    return [(0.0, started[-1] if started else changes[0][1]), *later]


def _absences(own: ClientAvailability, horizon_s: float) -> list[tuple[float, float]]:
    """Pairs of leaving and returning up to the horizon."""
    absences, at_s = list[tuple[float, float]](), 0.0
    while (leave_s := own.next_absence_s(at_s)) < horizon_s:
        at_s = min(own.next_available_s(leave_s), horizon_s)
        absences.append((leave_s, at_s))
        if at_s >= horizon_s:
            break
    return absences
