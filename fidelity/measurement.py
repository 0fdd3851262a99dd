"""A world from its file to its tables: profile, predict, run, and write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from sim.scenario.file import as_yaml
from sim.scenario.scenario import Scenario

from .deployment import Deployment, deploy
from .errors import DeploymentError
from .fleet import Fleet, fleet_of
from .framework import FRAMEWORKS
from .prediction import VARIANTS, Row
from .predictor import Predictor
from .results import Results
from .site import prepare, sends_change
from .world import World, scenario_of

_PROFILED_JOBS = 8
_WARM_UP_JOBS = 2
"""Jobs before a run of emulated devices, which only shows that they are fast enough here."""
_CONNECT_AND_LOAD_S = 120.0


def measure(
    world: World,
    *,
    arms: Sequence[str],
    repeats: int | None,
    rounds: int | None,
    out: Path,
    cache_dir: Path,
    tell: Callable[[str], None],
) -> None:
    """Run the arms of a world and write `measured.csv`, `predicted.csv` and `profile.json`.

    Before every run its arm is profiled and the run predicted, since the machine is not equally
    fast from minute to minute. Arms with the same fleet take turns in one deployment. Runs that
    `out` holds already are not repeated. repeats: None for the world's. Raises DeploymentError,
    ValueError.
    """
    results = results_of(world, rounds, out)
    common = _common(world, rounds, out, cache_dir)
    scenarios = {arm: scenario_of(world, arm, common, world.name) for arm in arms}
    predictor = Predictor(world=world, common=common, out=out, cache_dir=cache_dir)
    fleets = {arm: _fleet(world, arm, one, cache_dir) for arm, one in scenarios.items()}
    left = [*left_to_run(world, arms, repeats, results)]
    if not left:
        tell(f"{world.name}: nothing left to run")
        return
    files = {arm: out / f"{arm}.yaml" for arm in arms}
    for arm in arms:
        files[arm].write_text(as_yaml(scenarios[arm]), encoding="utf-8")
    for arm in dict.fromkeys(arm for arm, _ in left):
        prepare(scenarios[arm], world.seed, cache_dir)
    prefix, framework = f"fid{world.name[:4]}", FRAMEWORKS[world.framework]
    while left:
        first, fleet = files[left[0][0]], fleets[left[0][0]]
        with deploy(prefix, fleet, world.port, first, world.seed, framework) as deployment:
            for arm, repeat in [one for one in left if fleets[one[0]] == fleet]:
                told = _run(deployment, predictor, results, arm, repeat, files[arm])
                tell(f"{world.name}, {arm}, run {repeat + 1}: {told}")
        left = [one for one in left if fleets[one[0]] != fleet]


def _run(
    deployment: Deployment,
    predictor: Predictor,
    results: Results,
    arm: str,
    repeat: int,
    file: Path,
) -> str:
    """Profile, predict and run an arm once, and add its rows; returns what to tell of it."""
    world = predictor.world
    job_s = _job_s(world, arm, deployment.fleet)
    profile = _profile(deployment, file, job_s)
    predicted = predictor.before(arm, repeat, profile)
    ran = deployment.run(file.resolve(), world.horizon_s + _CONNECT_AND_LOAD_S, job_s)
    measured = [{"arm": arm, "repeat": repeat, **_without_nan(row)} for row in ran["rows"]]
    profile |= {name: ran[name] for name in ("wire_bytes", "accuracy")}
    predicted += predictor.given_speed(arm, repeat, profile, measured)
    results.add(arm, profile, measured, predicted)
    told_s = max(row["round_end_s"] for row in predicted if row["variant"] == VARIANTS[0])
    return f"{ran['ends_s'][-1]:.2f} s measured, {told_s:.2f} s predicted"


def results_of(world: World, rounds: int | None, out: Path) -> Results:
    """The results that `out` holds of a world with so many rounds, or none yet.

    rounds: None for the file's. Raises ValueError if it holds those of another world.
    """
    return Results.resume(out, _described(world, rounds))


def predict_again(world: World, *, out: Path, cache_dir: Path) -> None:
    """Write `predicted.csv` anew from the `profile.json` of an earlier measurement.

    Raises ValueError if `out` holds no run, or those of another world.
    """
    results = Results.read(out)
    rounds = results.world["rounds"]
    if results.world != json.loads(json.dumps(_described(world, rounds))):
        raise ValueError(f"{out}: holds runs of another world than this file's")
    common = _common(world, rounds, out, cache_dir)
    predictor = Predictor(world=world, common=common, out=out, cache_dir=cache_dir)
    rows: list[Row] = []
    for arm, profiles in results.profiles.items():
        for repeat, profile in enumerate(profiles):
            rows += predictor.before(arm, repeat, profile)
            measured = [
                row for row in results.measured if (row["arm"], row["repeat"]) == (arm, repeat)
            ]
            rows += predictor.given_speed(arm, repeat, profile, measured)
    results.replace_predicted(rows)


def _common(world: World, rounds: int | None, out: Path, cache_dir: Path) -> dict[str, Any]:
    """What all arms change in the world's scenario, by dotted path."""
    common: dict[str, Any] = {} if rounds is None else {"stop.rounds": rounds}
    if world.recordings is not None:
        for key, reference in world.recordings.write(out, cache_dir).items():
            common[f"fleet.network.{key}"] = reference
    return common


def _described(world: World, rounds: int | None) -> dict[str, Any]:
    """What the runs of a directory have in common, whatever is asked of it in turn."""
    described = asdict(world)
    del described["repeats"]
    for arm in described["arms"].values():
        arm.pop("repeats", None)
    return described | {"rounds": rounds}


def _fleet(world: World, arm: str, scenario: Scenario, cache_dir: Path) -> Fleet:
    """The fleet of an arm. Raises ValueError, DeploymentError if it cannot be deployed."""
    share = dict.fromkeys(world.job_s_of(arm)) if world.is_emulated else world.core_share
    fleet = fleet_of(scenario, share, world.horizon_s, world.seed, cache_dir)
    framework = FRAMEWORKS[world.framework]
    if not framework.can_lose and any(fleet.absences_s):
        raise ValueError(f"{world.name}: clients that leave need framework: plain")
    if not framework.can_pack and sends_change(scenario):
        raise ValueError(f"{world.name}: an exchange in fewer than 32 bits needs framework: plain")
    if not framework.can_lose and scenario.rounds.deadline_s:
        raise ValueError(f"{world.name}: a deadline needs framework: plain")
    if not framework.python.exists():
        raise DeploymentError(f"{world.name}: needs Flower: make .flower/installed")
    return fleet


def left_to_run(
    world: World, arms: Sequence[str], repeats: int | None, results: Results
) -> Iterator[tuple[str, int]]:
    """The arms and repeats that have not been run, in turn."""
    wanted = {arm: repeats or world.repeats_of(arm) for arm in arms}
    for repeat in range(max(wanted.values())):
        for arm in arms:
            if results.n_runs(arm) <= repeat < wanted[arm]:
                yield arm, repeat


def _job_s(world: World, arm: str, fleet: Fleet) -> list[float] | None:
    """Seconds of an emulated device's jobs, by client; None for quotas."""
    if not world.is_emulated:
        return None
    job_s = world.job_s_of(arm)
    return [float(job_s[name]) for name in fleet.devices]


def _profile(deployment: Deployment, file: Path, job_s: Sequence[float] | None) -> dict[str, Any]:
    """What is known before a run. Jobs of emulated devices are profiled too, as a warm-up."""
    n_jobs = _WARM_UP_JOBS if job_s else _PROFILED_JOBS
    jobs_s, aggregations_s = deployment.profile(file.resolve(), n_jobs)
    if job_s:
        for own, told_s in zip(jobs_s, job_s, strict=True):
            if (took_s := median(own)) > told_s:
                raise DeploymentError(
                    f"a job takes {took_s:.2f} s here, longer than the {told_s} s of job_s"
                )
        jobs_s = [[told_s, told_s] for told_s in job_s]
    return {"jobs_s": jobs_s, "aggregation_s": median(aggregations_s)}


def _without_nan(row: Row) -> Row:
    return {name: None if value != value else value for name, value in row.items()}
