"""A study's runs in local processes, one run a process."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing.context import SpawnContext

from .outcome import Job, Outcome, outcome
from .progress import ProgressSink, RunProgress
from .run import RunResult
from .runlog import RunError

_POLL_S = 0.1


def in_processes(
    run: Callable[..., RunResult], jobs: Sequence[Job], workers: int, on_progress: ProgressSink
) -> list[Outcome]:
    """The outcome of every job, in order. Interrupted, the workers are ended at once."""
    context = multiprocessing.get_context("spawn")
    news: multiprocessing.Queue[RunProgress] = context.Queue()
    with _pool(context, min(workers, len(jobs)), news) as pool:
        with _deaf_to_interrupts():
            futures = [pool.submit(_run_in_worker, run, job) for job in jobs]
        try:
            _forward(news, futures, on_progress)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.kill()
            raise
    return [outcome(partial(_result, future)) for future in futures]


def _pool(
    context: SpawnContext, workers: int, news: multiprocessing.Queue[RunProgress]
) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(news,)
    )


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started here ignore Ctrl-C for life: their parent ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _result(future: Future[RunResult]) -> RunResult:
    try:
        return future.result()
    except BrokenProcessPool:
        raise RunError(
            "a worker process died (out of memory?); the same command goes on where it stopped"
        ) from None


_news: multiprocessing.Queue[RunProgress]


def _start_worker(news: multiprocessing.Queue[RunProgress]) -> None:
    """Keep the way back to the parent: a queue reaches a worker only when it starts."""
    global _news
    _news = news
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed ends at once: nobody waits for it, and it would hold its
    run directory against the next attempt. What it was writing appears whole or not at all."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


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
