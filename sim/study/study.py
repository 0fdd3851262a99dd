"""A study: named arms of one base scenario, each over the same seeds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from learner.training.numerics import Precision
from sim.build.data import fetch_assets
from sim.build.learner import Missing
from sim.runlog import STUDY_INDEX, RunError, write_json
from sim.runs.directory import run_directory
from sim.runs.lock import held
from sim.runs.progress import ProgressSink
from sim.runs.run import RunResult, default_cache_dir, finished_run, run_scenario

from .cluster import on_ray
from .definition import Study
from .outcome import Job, Outcome, outcome
from .processes import in_processes


def run_study(
    study: Study,
    *,
    out: Path = Path("runs"),
    cache_dir: Path | None = None,
    workers: int = 1,
    ray: str | None = None,
    precision: Precision = "fp32",
    on_progress: ProgressSink = lambda progress: None,
) -> list[RunResult]:
    """Run every arm with every seed in `<out>/<study name>`; results in that order.

    Finished runs are not run again. Each other one is a process of its own where workers > 1, or a
    task on the Ray cluster at the address `ray`; the results do not depend on how many. If a run
    fails, the others still finish, and then the first failure is raised. Raises RunError for a
    directory that another process or study holds.
    """
    outcomes = run_outcomes(
        study,
        out=out,
        cache_dir=cache_dir,
        workers=workers,
        ray=ray,
        precision=precision,
        on_progress=on_progress,
    )
    return [_raised(outcome) for outcome in outcomes]


def run_outcomes(
    study: Study,
    *,
    out: Path,
    cache_dir: Path | None = None,
    workers: int = 1,
    ray: str | None = None,
    missing: Missing = "train",
    precision: Precision = "fp32",
    on_progress: ProgressSink = lambda progress: None,
) -> list[Outcome]:
    """As run_study, with the failures of runs in their places among the results."""
    directory, cache_dir = out / study.name, cache_dir or default_cache_dir()
    jobs = study_jobs(study)
    with held(directory):
        _write_index(study, directory, jobs)
        results: dict[int, Outcome] = {
            i: result
            for i, job in enumerate(jobs)
            if (result := finished_run(run_directory(directory, *job), job[0], precision))
            is not None
        }
        left = [i for i in range(len(jobs)) if i not in results]
        for i in left:
            fetch_assets(jobs[i][0], cache_dir)
        run = partial(
            run_scenario,
            out=directory,
            cache_dir=cache_dir,
            missing=missing,
            precision=precision,
        )
        outcomes = _run_all(run, [jobs[i] for i in left], workers, ray, on_progress)
        results |= dict(zip(left, outcomes, strict=True))
    return [results[i] for i in range(len(jobs))]


def study_jobs(study: Study) -> list[Job]:
    """Every run of a study: its arms in order, each with every seed."""
    return [(scenario, seed) for scenario in study.arms for seed in study.seeds]


def _run_all(
    run: partial[RunResult],
    jobs: Sequence[Job],
    workers: int,
    ray: str | None,
    on_progress: ProgressSink,
) -> list[Outcome]:
    if ray is not None:
        return on_ray(run, jobs, ray, on_progress)
    if workers > 1 and len(jobs) > 1:
        return in_processes(run, jobs, workers, on_progress)
    return [
        outcome(partial(run, scenario, seed=seed, on_progress=on_progress))
        for scenario, seed in jobs
    ]


def _raised(result: Outcome) -> RunResult:
    if isinstance(result, Exception):
        raise result
    return result


def _write_index(study: Study, directory: Path, jobs: Sequence[Job]) -> None:
    """Say which runs are the study's, in order, and where its arms stand on its axes: the
    directory may hold older runs beside them."""
    path = directory / STUDY_INDEX
    arms = [arm.name for arm in study.arms]
    earlier = _earlier_arms(path)
    if earlier and not _stems(earlier) & _stems(arms):
        raise RunError(
            f"{directory}: is the directory of another study (its arms: {', '.join(earlier[:3])}"
            f"{' ...' if len(earlier) > 3 else ''}); choose another --out or another name"
        )
    runs = [str(run_directory(directory, *job).relative_to(directory)) for job in jobs]
    axes = {name: list(paths) for name, paths in study.axes.items()}
    places = dict(zip(arms, map(dict, study.coordinates), strict=False))
    index = {"name": study.name, "runs": runs, "arms": arms, "axes": axes, "coordinates": places}
    write_json(path, index | asdict(study.notes))


def _stems(arms: Sequence[str]) -> set[str]:
    """The arms' labels without the values of axes: what another version of a study still shares."""
    return {label.partition("=")[0] for arm in arms for label in arm.split(", ")}


def _earlier_arms(path: Path) -> list[str]:
    """The arms of the study whose directory this is; none where it is nobody's."""
    if not path.exists():
        return []
    try:
        index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return list(index.get("arms", []))
    except (ValueError, TypeError, AttributeError):
        raise RunError(f"{path}: is no index of a study; choose another --out") from None
