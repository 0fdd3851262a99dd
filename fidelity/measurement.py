"""A world from its file to its tables: profile, predict, run, and write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from sim.build.checks import find_architecture
from sim.scenario.file import as_yaml
from sim.streams import Streams

from .deployment import deploy
from .errors import DeploymentError
from .fleet import fleet_of
from .framework import FRAMEWORKS
from .prediction import TRANSPORTS, Row, own_classes, predict, write_devices
from .world import World, scenario_of

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
    common = _common(world, rounds, out, cache_dir)
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
            jobs_s, aggregations_s = deployment.profile(files[arm].resolve(), _PROFILED_JOBS)
            profiles[arm] = {"jobs_s": jobs_s, "aggregation_s": median(aggregations_s)}
            predicted += _predicted(world, arm, common, profiles[arm], out, cache_dir)
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


def predict_again(world: World, *, rounds: int | None, out: Path, cache_dir: Path) -> None:
    """Write `predicted.csv` anew from the `profile.json` of an earlier measurement."""
    profiles = json.loads((out / "profile.json").read_text(encoding="utf-8"))
    common = _common(world, rounds, out, cache_dir)
    rows = [
        row
        for arm, profile in profiles.items()
        for row in _predicted(world, arm, common, profile, out, cache_dir)
    ]
    pl.DataFrame(rows, infer_schema_length=None).write_csv(out / "predicted.csv")


def _common(world: World, rounds: int | None, out: Path, cache_dir: Path) -> dict[str, Any]:
    """What all arms change in the world's scenario, by dotted path."""
    common: dict[str, Any] = {} if rounds is None else {"stop.rounds": rounds}
    if world.recordings is not None:
        for key, reference in world.recordings.write(out, cache_dir).items():
            common[f"fleet.network.{key}"] = reference
    return common


def _predicted(
    world: World,
    arm: str,
    common: Mapping[str, Any],
    profile: Mapping[str, Any],
    out: Path,
    cache_dir: Path,
) -> list[Row]:
    """One arm as predicted with each transport, from its profile alone."""
    scenario = scenario_of(world, arm, common, world.name)
    devices = out / f"{arm}.devices.csv"
    n_layers = find_architecture(scenario, cache_dir).n_layers
    write_devices(devices, scenario, n_layers, profile["jobs_s"])
    changes = dict(common) | {
        "fleet.devices": own_classes(Streams(world.seed), scenario.partition.clients),
        "fleet.device_file": str(devices.resolve()),
        "fleet.server.aggregation_s": profile["aggregation_s"],
    }
    found: list[Row] = []
    for transport, keys in TRANSPORTS.items():
        mapping = world.mapping(arm, {**changes, "fleet.network.transport": keys})
        rows = predict(mapping, world.seed, out / "predicted" / transport, cache_dir)
        found += [{"arm": arm, "transport": transport, **row} for row in rows]
    return found


def _without_nan(row: Row) -> Row:
    return {name: None if value != value else value for name, value in row.items()}


def _write(
    out: Path, measured: Sequence[Row], predicted: Sequence[Row], profiles: Mapping[str, Any]
) -> None:
    """Write the tables; after every run, so that an interrupted measurement keeps its runs."""
    pl.DataFrame(measured, infer_schema_length=None).write_csv(out / "measured.csv")
    pl.DataFrame(predicted, infer_schema_length=None).write_csv(out / "predicted.csv")
    (out / "profile.json").write_text(json.dumps(profiles, indent=1), encoding="utf-8")
