"""A study's runs in local processes, one run a process."""

from __future__ import annotations

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

from .outcome import Job, Outcome, outcome

_POLL_S = 0.1


def run_in_processes(
    run: Callable[..., RunResult], jobs: Sequence[Job], workers: int, on_progress: ProgressSink
) -> list[Outcome]:
    """The outcome of every job, in order. Interrupted, the workers are ended at once."""
    news: multiprocessing.Queue[RunProgress] = multiprocessing.get_context("spawn").Queue()
    with WorkerProcesses(min(workers, len(jobs)), _start_worker, news) as pool:
        futures = [pool.submit(_run_in_worker, run, job) for job in jobs]
        _forward(news, futures, on_progress)
    return [outcome(partial(_result, future)) for future in futures]


def _result(future: Future[RunResult]) -> RunResult:
    try:
        return future.result()
    except BrokenProcessPool:
        raise RunError(DIED) from None


_news: multiprocessing.Queue[RunProgress]


def _start_worker(news: multiprocessing.Queue[RunProgress]) -> None:
    """Keep the way back to the parent: a queue reaches a worker only when it starts."""
    global _news
    _news = news


def _run_in_worker(run: Callable[..., RunResult], job: Job) -> RunResult:
    scenario, seed = job
    return run(scenario, seed=seed, on_progress=_news.put)


def _forward(
    news: multiprocessing.Queue[RunProgress],
    futures: Sequence[Future[RunResult]],
    on_progress: ProgressSink,
) -> None:
    """Pass on what the workers say until all of them are done."""
    while True:
        is_done = not wait_for(futures, timeout=_POLL_S).not_done
        for progress in drained(news):
            on_progress(progress)
        if is_done:
            return
