"""Executes the runs of a study in local processes."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from functools import partial

from learner.training.worker_processes import DIED, WorkerProcesses, drained
from sim.runlog import RunError
from sim.runs.progress import ProgressSink, RunProgress
from sim.runs.run import RunResult

from .study_run import ResultOrError, StudyRun, result_or_error

_POLL_S = 0.1


def run_in_processes(
    run_scenario: Callable[..., RunResult],
    runs: Sequence[StudyRun],
    workers: int,
    on_progress: ProgressSink,
) -> list[ResultOrError]:
    """The result or error of every run, in order. An interrupt terminates the workers."""
    queue: multiprocessing.Queue[RunProgress] = multiprocessing.get_context("spawn").Queue()
    with WorkerProcesses(min(workers, len(runs)), _start_worker, queue) as pool:
        futures = [pool.submit(_run_in_worker, run_scenario, study_run) for study_run in runs]
        _forward(queue, futures, on_progress)
    return [result_or_error(partial(_result, future)) for future in futures]


def _result(future: Future[RunResult]) -> RunResult:
    try:
        return future.result()
    except BrokenProcessPool:
        raise RunError(DIED) from None


_queue: multiprocessing.Queue[RunProgress]


def _start_worker(queue: multiprocessing.Queue[RunProgress]) -> None:
    """Keep the queue to the parent process; it can be passed to a worker at its start only."""
    global _queue
    _queue = queue


def _run_in_worker(run_scenario: Callable[..., RunResult], study_run: StudyRun) -> RunResult:
    scenario, seed = study_run
    try:
        return run_scenario(scenario, seed=seed, on_progress=_queue.put)
    finally:
        gc.collect()  # the run's model and mapped files are in cycles of objects


def _forward(
    queue: multiprocessing.Queue[RunProgress],
    futures: Sequence[Future[RunResult]],
    on_progress: ProgressSink,
) -> None:
    """Report the workers' progress until all runs have ended."""
    while True:
        is_done = not wait_for(futures, timeout=_POLL_S).not_done
        for progress in drained(queue):
            on_progress(progress)
        if is_done:
            return
