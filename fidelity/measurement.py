"""A world from its file to its tables: profile, predict, run, and write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from sim.build.checks import find_architecture
from sim.build.population import assign_devices
from sim.scenario.file import as_yaml
from sim.streams import Streams

from .deployment import Deployment, deploy
from .errors import DeploymentError
from .fleet import fleet_of
from .framework import FRAMEWORKS
from .prediction import Row, predict, write_devices
from .world import World, scenario_of

TRANSPORTS: Mapping[str, Mapping[str, Any]] = {"tcp": {"kind": "tcp"}, "fluid": {"kind": "fluid"}}
_PROFILED_JOBS = 12
_CONNECT_AND_LOAD_S = 120.0


def measure(
    world: World,
    *,
    arms: Sequence[str],
    repeats: int,
    rounds: int | None,
    out: Path,
    cache_dir: Path,
    tell: Callable[[str], None],
) -> None:
    """Run the arms of a world and write `measured.csv`, `predicted.csv` and `profile.json`.

    Every arm is profiled and predicted before its first run. Raises DeploymentError, ValueError.
    """
    out.mkdir(parents=True, exist_ok=True)
    common: dict[str, Any] = {} if rounds is None else {"stop.rounds": rounds}
    if world.recordings is not None:
        for key, reference in world.recordings.write(out, cache_dir).items():
            common[f"fleet.network.{key}"] = reference
    scenarios = {arm: scenario_of(world, arm, common, world.name) for arm in arms}
    files = {arm: out / f"{arm}.yaml" for arm in arms}
    for arm in arms:
        files[arm].write_text(as_yaml(scenarios[arm]), encoding="utf-8")
    fleets = [
        fleet_of(one, world.core_share, world.horizon_s, world.seed, cache_dir)
        for one in scenarios.values()
    ]
    if any(one != fleets[0] for one in fleets):
        raise ValueError(f"{world.name}: the arms must have the same fleet")
    framework, fleet = FRAMEWORKS[world.framework], fleets[0]
    if not framework.can_lose and any(fleet.absences_s):
        raise ValueError(f"{world.name}: clients that leave need framework: plain")
    if not framework.can_lose and any(one.rounds.deadline_s for one in scenarios.values()):
        raise ValueError(f"{world.name}: a deadline needs framework: plain")
    if not framework.python.exists():
        raise DeploymentError(f"{world.name}: needs Flower: make .flower/installed")
    measured, predicted, profiles = list[Row](), list[Row](), dict[str, Any]()
    prefix = f"fid{world.name[:4]}"
    with deploy(prefix, fleet, world.port, files[arms[0]], world.seed, framework) as deployment:
        for arm in arms:
            profiles[arm] = _profile(deployment, world, arm, files[arm], common, out, cache_dir)
            for transport in TRANSPORTS:
                rows = _predict(world, arm, common, profiles[arm], transport, out, cache_dir)
                predicted += [{"arm": arm, "transport": transport, **row} for row in rows]
            for repeat in range(repeats):
                limit_s = world.horizon_s + _CONNECT_AND_LOAD_S
                told = deployment.run(files[arm].resolve(), limit_s)
                measured += [
                    {"arm": arm, "repeat": repeat, **_without_nan(row)} for row in told["rows"]
                ]
                wire = profiles[arm].setdefault("wire_bytes", [])
                wire.append(told["wire_bytes"])
                profiles[arm].setdefault("accuracy", []).append(told["accuracy"])
                own = [row for row in predicted if row["arm"] == arm and row["transport"] == "tcp"]
                tell(
                    f"{world.name}, {arm}, run {repeat + 1}: {told['ends_s'][-1]:.2f} s measured, "
                    f"{own[-1]['round_end_s']:.2f} s predicted"
                )
                _write(out, measured, predicted, profiles)


def _profile(
    deployment: Deployment,
    world: World,
    arm: str,
    file: Path,
    common: Mapping[str, Any],
    out: Path,
    cache_dir: Path,
) -> dict[str, Any]:
    """Seconds of jobs and aggregations, measured now, and the arm's device file."""
    scenario = scenario_of(world, arm, common, world.name)
    jobs_s, aggregations_s = deployment.profile(file.resolve(), _PROFILED_JOBS)
    ids = range(scenario.partition.clients)
    devices = assign_devices(scenario.fleet.devices, Streams(world.seed), ids)
    by_class: dict[str, list[float]] = {}
    for name, own in zip(devices, jobs_s, strict=True):
        by_class.setdefault(name, []).extend(own)
    n_layers = find_architecture(scenario, cache_dir).n_layers
    write_devices(out / f"{arm}.devices.csv", scenario, n_layers, by_class)
    return {"jobs_s": jobs_s, "aggregation_s": median(aggregations_s)}


def _predict(
    world: World,
    arm: str,
    common: Mapping[str, Any],
    profile: Mapping[str, Any],
    transport: str,
    out: Path,
    cache_dir: Path,
) -> list[Row]:
    changes = dict(common) | {
        "fleet.device_file": str((out / f"{arm}.devices.csv").resolve()),
        "fleet.server.aggregation_s": profile["aggregation_s"],
        "fleet.network.transport": TRANSPORTS[transport],
    }
    mapping = world.mapping(arm, changes)
    return predict(mapping, world.seed, out / "predicted" / transport, cache_dir)


def _without_nan(row: Row) -> Row:
    return {name: None if value != value else value for name, value in row.items()}


def _write(
    out: Path, measured: Sequence[Row], predicted: Sequence[Row], profiles: Mapping[str, Any]
) -> None:
    """Write the tables; after every run, so that an interrupted measurement keeps its runs."""
    pl.DataFrame(measured, infer_schema_length=None).write_csv(out / "measured.csv")
    pl.DataFrame(predicted, infer_schema_length=None).write_csv(out / "predicted.csv")
    (out / "profile.json").write_text(json.dumps(profiles, indent=1), encoding="utf-8")
