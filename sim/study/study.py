"""Runs a study: every arm with every seed, and an index of its run directories."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from learner.training.numerics import Precision
from sim.build.data import Data, fetch_assets
from sim.build.learner import OnMissing, RecordedScores
from sim.engine.participation import Participation, participate
from sim.runs.directory import run_directory
from sim.runs.lock import locked
from sim.runs.progress import ProgressSink, RunProgress
from sim.runs.run import RunResult, default_cache_dir, finished_run, run_scenario

from .cluster import run_on_ray
from .definition import Study
from .index import write_index
from .processes import run_in_processes
from .study_run import ResultOrError, StudyRun, result_or_error


def run_study(
    study: Study,
    *,
    out: str | Path = Path("runs"),
    cache_dir: str | Path | None = None,
    workers: int = 1,
    ray: str | None = None,
    precision: Precision = "fp32",
    arms: Collection[str] = (),
    on_progress: ProgressSink = lambda progress: None,
) -> list[RunResult]:
    """Run every arm with every seed in `<out>/<study name>`; returns the results in that order.

    arms: run these alone, if any. Finished runs are not run again. workers: number of local
    processes that execute runs. ray: the address of a Ray cluster that executes them instead. The
    results do not depend on either. If a run fails, the others still run, and then the first error
    is raised. Raises RunError if the directory is in use or has another study, and ValueError for
    an arm that the study does not have.
    """
    results = results_or_errors(
        study,
        out=Path(out),
        cache_dir=Path(cache_dir or default_cache_dir()),
        workers=workers,
        ray=ray,
        precision=precision,
        arms=arms,
        on_progress=on_progress,
    )
    return [_raise_error(result) for result in results]


def results_or_errors(
    study: Study,
    *,
    out: Path,
    cache_dir: Path | None = None,
    workers: int = 1,
    ray: str | None = None,
    on_missing: OnMissing = "train",
    scores: RecordedScores | None = None,
    precision: Precision = "fp32",
    participation: Participation = participate,
    data: Data | None = None,
    arms: Collection[str] = (),
    keep_earlier: bool = False,
    on_progress: ProgressSink = lambda progress: None,
) -> list[ResultOrError]:
    """As run_study, but returns the error of a failed run in place of its result.

    on_missing, scores, participation, data: see run_scenario; data are those of every run.
    keep_earlier: whatever the directory's index lists stays listed.
    """
    directory, cache_dir = out / study.name, cache_dir or default_cache_dir()
    runs = study_runs(study, arms)
    place = partial(run_directory, directory, participation=participation)
    directories = [place(*run) for run in runs]
    with locked(directory):
        arm_of = {place(*run): run[0].name for run in study_runs(study)}
        others = {one.parent for one in arm_of} - {one.parent for one in directories}
        dropped = write_index(
            study, directory, arm_of, lambda run_dir: keep_earlier or run_dir.parent in others
        )
        if dropped:
            on_progress(
                RunProgress(run=study.name, sim_s=0.0, round=0, accuracy=None, warning=dropped)
            )
        results: dict[int, ResultOrError] = {
            i: result
            for i, run in enumerate(runs)
            if (result := finished_run(directories[i], run[0], precision, scores)) is not None
        }
        left = [i for i in range(len(runs)) if i not in results]
        for i in left:
            fetch_assets(runs[i][0], cache_dir)
        execute = partial(
            run_scenario,
            out=directory,
            cache_dir=cache_dir,
            on_missing=on_missing,
            scores=scores,
            precision=precision,
            participation=participation,
            data=data,
        )
        new = _run_all(execute, [runs[i] for i in left], workers, ray, on_progress)
        results |= dict(zip(left, new, strict=True))
    return [results[i] for i in range(len(runs))]


def study_runs(study: Study, arms: Collection[str] = ()) -> list[StudyRun]:
    """All runs of a study: every arm with every seed, in that order; those of some arms, if named
    (Study.named).

    Raises ValueError for an arm that the study does not have.
    """
    named = study.named(arms)
    return [
        (scenario, seed)
        for scenario in study.arms
        if scenario.name in named
        for seed in study.seeds
    ]


def _run_all(
    execute: partial[RunResult],
    runs: Sequence[StudyRun],
    workers: int,
    ray: str | None,
    on_progress: ProgressSink,
) -> list[ResultOrError]:
    if ray is not None:
        return run_on_ray(execute, runs, ray, on_progress)
    if workers > 1 and len(runs) > 1:
        return run_in_processes(execute, runs, workers, on_progress)
    return [
        result_or_error(partial(execute, scenario, seed=seed, on_progress=on_progress))
        for scenario, seed in runs
    ]


def _raise_error(result: ResultOrError) -> RunResult:
    if isinstance(result, Exception):
        raise result
    return result
