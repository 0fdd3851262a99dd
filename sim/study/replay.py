"""A finished run again, on other links, devices, costs or server: the same learning, re-timed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.run_files import read_manifest
from sim.runs.directory import run_directory
from sim.runs.divergence import Divergence, find_divergence, precision_of
from sim.runs.progress import ProgressSink
from sim.runs.run import MissingScoreError, RunResult
from sim.scenario.file import apply_override

from .axes import Axis
from .definition import Study
from .file import expand
from .outcome import Outcome
from .study import run_all, study_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One re-timed run: its directory, its result, and where its learning left the earlier run's.

    `result` is None where a number would have to be trained and training was not allowed;
    `missing` says which.
    """

    name: str
    run_dir: Path
    result: RunResult | None
    divergence: Divergence | None
    missing: str


def plan_replay(run_dir: Path, overrides: Sequence[str] = (), axes: Sequence[Axis] = ()) -> Study:
    """The study of a run's own scenario and seed, overridden, at every point of the axes.

    Raises RunError for what is no run directory, ScenarioError for what does not fit.
    """
    manifest = read_manifest(run_dir)
    name, seed = manifest["name"], manifest["seed"]
    base: dict[str, Any] = dict(manifest["scenario"])
    for text in overrides:
        apply_override(base, text)
    arm = ", ".join([name, *map(_without_path, overrides)])
    slug = f"replay-of-{run_dir.resolve().parent.name}"
    return expand(str(run_dir), slug, base, {arm: {}}, axes, (seed,))


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
    on_progress: ProgressSink = lambda progress: None,
) -> list[Replay]:
    """Run a plan_replay of `run_dir` in `<out>/<study name>`.

    Cohorts and decisions that come out as they were need no training: the store has their scores.
    Where learning diverges it goes on only with `train`, or as far as other runs have stored it.
    A failure other than missing scores is raised when all have ended.
    """
    outcomes = run_all(
        study,
        out=out,
        cache_dir=cache_dir,
        workers=workers,
        on_missing="train" if train else "refuse",
        precision=precision_of(read_manifest(run_dir)),
        on_progress=on_progress,
    )
    places = [run_directory(out / study.name, *job) for job in study_runs(study)]
    names = [arm.name for arm in study.arms]
    return [_replay(run_dir, *one) for one in zip(names, places, outcomes, strict=True)]


def _replay(earlier: Path, name: str, run_dir: Path, outcome: Outcome) -> Replay:
    if isinstance(outcome, Exception) and not isinstance(outcome, MissingScoreError):
        raise outcome
    result = outcome if isinstance(outcome, RunResult) else None
    return Replay(
        name=name,
        run_dir=run_dir,
        result=result,
        divergence=find_divergence(earlier, run_dir),
        missing="" if result else str(outcome),
    )


def as_row(replay: Replay) -> Mapping[str, Any]:
    """A replay as one flat mapping, for tables and JSON."""
    result, divergence = replay.result, replay.divergence
    return {
        "run": replay.name,
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
