"""A study: named arms of one base scenario, each over the same seeds."""

from __future__ import annotations

import multiprocessing
import os
import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from .data import fetch_assets
from .progress import ProgressSink, RunProgress
from .run import RunResult, default_cache_dir, run_scenario
from .run_directory import run_directory
from .runlog import STUDY_INDEX, RunError, write_json
from .scenario import Scenario, Study

_POLL_S = 0.1


def run_study(
    study: Study,
    *,
    out: Path = Path("runs"),
    cache_dir: Path | None = None,
    workers: int = 1,
    on_progress: ProgressSink = lambda progress: None,
) -> list[RunResult]:
    """Run every arm with every seed in `<out>/<study name>`; results in that order.

    Each run is a process of its own where workers > 1; the results do not depend on how many.
    If a run fails, the others still finish, and then the first failure is raised.
    """
    directory = out / study.name
    run = partial(run_scenario, out=directory, cache_dir=cache_dir)
    jobs: list[Job] = [(scenario, seed) for scenario in study.arms for seed in study.seeds]
    for scenario in study.arms:
        fetch_assets(scenario, cache_dir or default_cache_dir())
    _write_index(study, directory, [run_directory(directory, *job) for job in jobs])
    if workers == 1:
        outcomes = [
            _outcome(partial(run, scenario, seed=seed, on_progress=on_progress))
            for scenario, seed in jobs
        ]
    else:
        outcomes = _in_processes(run, jobs, workers, on_progress)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return [outcome for outcome in outcomes if isinstance(outcome, RunResult)]


Job = tuple[Scenario, int]
"""A scenario and a seed."""


def _outcome(run: Callable[[], RunResult]) -> RunResult | Exception:
    """The result, or why there is none: one run's failure must not cost the others."""
    try:
        return run()
    except Exception as error:  # raised again when all runs have ended
        return error


def _in_processes(
    run: Callable[..., RunResult], jobs: Sequence[Job], workers: int, on_progress: ProgressSink
) -> list[RunResult | Exception]:
    context = multiprocessing.get_context("spawn")
    news: multiprocessing.Queue[RunProgress] = context.Queue()
    with ProcessPoolExecutor(
        min(workers, len(jobs)), mp_context=context, initializer=_start_worker, initargs=(news,)
    ) as pool:
        futures = [pool.submit(_run_in_worker, run, scenario, seed) for scenario, seed in jobs]
        try:
            _forward(news, futures, on_progress)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise
    return [_outcome(partial(_result, future)) for future in futures]


def _result(future: Future[RunResult]) -> RunResult:
    try:
        return future.result()
    except BrokenProcessPool:
        raise RunError(
            "a worker process died (out of memory?); the same command goes on where it stopped"
        ) from None


def _write_index(study: Study, directory: Path, run_dirs: Sequence[Path]) -> None:
    """Say which runs are the study's, in order: the directory may hold older ones beside them."""
    directory.mkdir(parents=True, exist_ok=True)
    names = [str(run_dir.relative_to(directory)) for run_dir in run_dirs]
    write_json(directory / STUDY_INDEX, {"name": study.name, "runs": names})


_news: multiprocessing.Queue[RunProgress]


def _start_worker(news: multiprocessing.Queue[RunProgress]) -> None:
    """Keep the way back to the parent: a queue reaches a worker only when it starts."""
    global _news
    _news = news


def _run_in_worker(run: Callable[..., RunResult], scenario: Scenario, seed: int) -> RunResult:
    return run(scenario, seed=seed, on_progress=_tell)


def _tell(progress: RunProgress) -> None:
    """Pass on the news. A worker whose parent was killed ends here: nobody waits for it, and it
    would hold the run directory against the next attempt."""
    parent = multiprocessing.parent_process()
    if parent is None or not parent.is_alive():
        os._exit(1)
    _news.put(progress)


def _forward(
    news: multiprocessing.Queue[RunProgress],
    futures: Sequence[Future[RunResult]],
    on_progress: ProgressSink,
) -> None:
    """Pass on what the workers say until all of them are done."""
    while True:
        is_done = not wait_for(futures, timeout=_POLL_S).not_done
        for progress in _drain(news):
            on_progress(progress)
        if is_done:
            return


def _drain(news: multiprocessing.Queue[RunProgress]) -> Iterator[RunProgress]:
    while True:
        try:
            yield news.get_nowait()
        except queue.Empty:
            return
