"""Runs a study: every arm with every seed, and an index of its run directories."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from learner.training.numerics import Precision
from sim.build.data import Data, fetch_assets
from sim.build.learner import OnMissing
from sim.engine.participation import Participation, participate
from sim.run_files import RunFileError
from sim.runlog import DONE, STUDY_INDEX, RunError, write_json
from sim.runs.directory import run_directory
from sim.runs.lock import locked
from sim.runs.progress import ProgressSink, RunProgress
from sim.runs.run import RunResult, default_cache_dir, finished_run, run_scenario
from sim.study_index import read_index

from .cluster import run_on_ray
from .definition import Study
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
    precision: Precision = "fp32",
    participation: Participation = participate,
    data: Data | None = None,
    arms: Collection[str] = (),
    keep_earlier: bool = False,
    on_progress: ProgressSink = lambda progress: None,
) -> list[ResultOrError]:
    """As run_study, but returns the error of a failed run in place of its result.

    on_missing, participation, data: see run_scenario; data are those of every run. keep_earlier:
    whatever the directory's index lists stays listed.
    """
    directory, cache_dir = out / study.name, cache_dir or default_cache_dir()
    runs = study_runs(study, arms)
    place = partial(run_directory, directory, participation=participation)
    directories = [place(*run) for run in runs]
    with locked(directory):
        arm_of = {place(*run): run[0].name for run in study_runs(study)}
        others = {one.parent for one in arm_of} - {one.parent for one in directories}
        dropped = _write_index(
            study, directory, arm_of, lambda run_dir: keep_earlier or run_dir.parent in others
        )
        if dropped:
            on_progress(
                RunProgress(run=study.name, sim_s=0.0, round=0, accuracy=None, warning=dropped)
            )
        results: dict[int, ResultOrError] = {
            i: result
            for i, run in enumerate(runs)
            if (result := finished_run(directories[i], run[0], precision)) is not None
        }
        left = [i for i in range(len(runs)) if i not in results]
        for i in left:
            fetch_assets(runs[i][0], cache_dir)
        execute = partial(
            run_scenario,
            out=directory,
            cache_dir=cache_dir,
            on_missing=on_missing,
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


def _write_index(
    study: Study, directory: Path, arm_of: Mapping[Path, str], kept: Callable[[Path], bool]
) -> str:
    """Write the list of the study's runs and the coordinates of its arms; returns a warning, if
    there is one.

    arm_of: of each run directory of the study. kept: which of the runs that an earlier call listed
    stay listed. Finished runs of an earlier version of the study (another file, --set or seeds) are
    no longer listed, and are warned of. Raises RunError if it is the directory of another study.
    """
    arms = [arm.name for arm in study.arms]
    try:
        index = read_index(directory)
    except RunFileError as error:
        raise RunError(f"{error}; choose another --out") from None
    earlier = index.get("arms", [])
    if earlier and not _labels(earlier) & _labels(arms):
        raise RunError(
            f"{directory}: is the directory of another study (its arms: {', '.join(earlier[:3])}"
            f"{' ...' if len(earlier) > 3 else ''}); choose another --out or another name"
        )
    own = {str(one.relative_to(directory)): arm for one, arm in arm_of.items()}
    earlier_runs = [run for run in index.get("runs", []) if run not in own]
    others = [run for run in earlier_runs if kept(directory / run)]
    dropped = [run for run in earlier_runs if (directory / run / DONE).exists()]
    dropped = [run for run in dropped if run not in others]
    folders = {Path(run).parent.name: arm for run, arm in own.items()}
    for run in others:
        folder = Path(run).parent.name
        folders.setdefault(folder, index.get("arm_of", {}).get(folder, folder))
    coordinates = dict(zip(arms, map(dict, study.coordinates), strict=False))
    known = index.get("coordinates", {})
    for arm in dict.fromkeys(folders.values()):
        if arm not in arms:
            arms.append(arm)
            coordinates |= {arm: known[arm]} if arm in known else {}
    written = {
        "name": study.name,
        "runs": [*own, *others],
        "arms": arms,
        "arm_of": folders,
        "axes": {name: list(paths) for name, paths in study.axes.items()},
        "coordinates": coordinates,
    }
    write_json(directory / STUDY_INDEX, written | asdict(study.notes))
    if not dropped:
        return ""
    return (
        f"warning: {directory}: {len(dropped)} finished runs of an earlier version of this study, "
        f"such as {dropped[0]}, are no longer shown; another --out keeps both"
    )


def _labels(arms: Sequence[str]) -> set[str]:
    """The parts of arms' names without values. Two versions of a study have some in common."""
    return {label.partition("=")[0] for arm in arms for label in arm.split(", ")}
