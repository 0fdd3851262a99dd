"""Replays a finished run with other links, devices, costs or server, and without training."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.build.data import Data
from sim.run_files import read_manifest
from sim.runs.directory import require_unchanged, run_directory
from sim.runs.divergence import Divergence, find_divergence, find_unscored
from sim.runs.progress import ProgressSink
from sim.runs.recorded import check_configurator, recorded_run, recorded_scores
from sim.runs.run import MissingScoreError, RunResult, default_cache_dir
from sim.scenario.file import apply_override

from .axes import Axis
from .definition import Study
from .file import expand, refuse_axis
from .study import results_or_errors, study_runs
from .study_run import ResultOrError


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A replayed run.

    `result`: None if a score is not in the store and training was not allowed; `missing` then says
    which. `divergence`: the first difference in learning from the original run, if there is any.
    """

    name: str
    run_dir: Path
    result: RunResult | None
    divergence: Divergence | None
    missing: str


def plan_replay(
    run_dir: Path,
    overrides: Sequence[str] = (),
    axes: Sequence[Axis] = (),
    cache_dir: Path | None = None,
) -> Study:
    """The study that replays a run: its scenario and seed, with overrides, at all axis points.

    Raises RunError if `run_dir` is not a run directory or has changed since the run finished, or if
    its scenario no longer makes the configurator that the run had and no override names another;
    ScenarioError for an invalid scenario.
    """
    require_unchanged(run_dir)
    recorded = recorded_run(run_dir)
    name, seed = recorded.scenario.name, recorded.seed
    base: dict[str, Any] = dict(recorded.manifest["scenario"])
    changed = [*overrides, *(path for axis in axes for path in axis.paths)]
    if not any(text.strip().startswith("configurator") for text in changed):
        check_configurator(run_dir, recorded, cache_dir or default_cache_dir())
    for text in overrides:
        refuse_axis(str(run_dir), text, axes)
        apply_override(base, text)
    arm = ", ".join([name, *map(_without_path, overrides)])
    along = "".join(f"-along-{_slug(axis.name)}" for axis in axes)
    slug = f"replay-of-{run_dir.resolve().parent.name}{along}"
    return expand(str(run_dir), slug, base, {arm: {}}, axes, (seed,))


def _slug(name: str) -> str:
    """An axis as a part of a directory's name: "a.b_mbytes" -> "b-mbytes"."""
    return re.sub(r"[^a-z0-9]+", "-", name.rsplit(".", 1)[-1].lower()).strip("-")


def _without_path(override: str) -> str:
    """ "a.b.latency_s=0.5" -> "latency_s=0.5"."""
    key, equals, value = override.strip().partition("=")
    return key.rsplit(".", 1)[-1] + equals + value


def replay(
    run_dir: Path,
    study: Study,
    *,
    out: Path = Path("runs"),
    cache_dir: Path | None = None,
    workers: int = 1,
    train: bool = False,
    data: Data | None = None,
    on_progress: ProgressSink = lambda progress: None,
) -> list[Replay]:
    """Run the study that plan_replay made from `run_dir`, in `<out>/<study name>`, beside earlier
    replays.

    As long as cohorts and decisions are those of the original run, it has logged the scores, or
    the store has them. Where learning diverges, a replay continues only with train=True, or if
    another run with the same numerics has stored the scores. Any other error is raised when all
    runs have ended. data: see run_scenario; they must be those of every run of the study.
    """
    recorded = recorded_run(run_dir)
    results = results_or_errors(
        study,
        out=out,
        cache_dir=cache_dir,
        workers=workers,
        on_missing="train" if train else "refuse",
        scores=None if train else recorded_scores(run_dir, recorded.manifest),
        precision=recorded.precision,
        participation=recorded.participation,
        data=data,
        keep_earlier=True,
        on_progress=on_progress,
    )
    directories = [
        run_directory(out / study.name, *run, participation=recorded.participation)
        for run in study_runs(study)
    ]
    names = [arm.name for arm in study.arms]
    return [_replay(run_dir, *one) for one in zip(names, directories, results, strict=True)]


def _replay(original: Path, name: str, run_dir: Path, result: ResultOrError) -> Replay:
    if isinstance(result, Exception) and not isinstance(result, MissingScoreError):
        raise result
    divergence = find_divergence(original, run_dir)
    if divergence is None and not isinstance(result, RunResult):
        divergence = find_unscored(original, run_dir)
    return Replay(
        name=name,
        run_dir=run_dir,
        result=result if isinstance(result, RunResult) else None,
        divergence=divergence,
        missing="" if isinstance(result, RunResult) else str(result),
    )


def base_row(run_dir: Path) -> Mapping[str, Any]:
    """The replayed run in the form of `as_row`; its result is None if it is not finished."""
    manifest = read_manifest(run_dir)
    result = manifest.get("result") or {}
    empty = dict.fromkeys(("diverges_at_s", "diverges_at_round", "diverges_by", "missing"))
    known = {key: result.get(key) for key in ("sim_seconds", "rounds", "accuracy", "trainings")}
    return {"run": manifest["name"], "is_base": True, "run_dir": str(run_dir), **known, **empty}


def as_row(replay: Replay) -> Mapping[str, Any]:
    """A replay as a flat mapping, for tables and JSON."""
    result, divergence = replay.result, replay.divergence
    return {
        "run": replay.name,
        "is_base": False,
        "run_dir": str(replay.run_dir),
        "sim_seconds": result and result.sim_seconds,
        "rounds": result and result.rounds,
        "accuracy": result and result.accuracy,
        "trainings": result and result.trainings,
        "diverges_at_s": divergence and divergence.t_s,
        "diverges_at_round": divergence and divergence.round,
        "diverges_by": divergence and divergence.field,
        "missing": replay.missing or None,
    }
