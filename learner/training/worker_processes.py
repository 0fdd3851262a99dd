"""A pool of worker processes that end with their parent and leave Ctrl-C to it."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

DIED = "a worker process died (out of memory?); to resume, repeat the command"


class WorkerProcesses(ProcessPoolExecutor):
    """Up to `workers` spawned processes, each started when there is work and no idle process.

    Each first calls `begin(*arguments)`. If the `with` block ends by an exception, the processes
    are killed at once.
    """

    def __init__(self, workers: int, begin: Callable[..., None], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        super().__init__(
            workers, mp_context=context, initializer=_begin, initargs=(begin, arguments)
        )

    def submit(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _interrupts_blocked():
            return super().submit(task, *args, **kwargs)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.shutdown()
        else:
            self.kill()

    def kill(self) -> None:
        """Kill the processes and wait until they have ended."""
        processes = self._processes
        self.shutdown(wait=False, cancel_futures=True)  # no process is started after this
        left = list(processes.values())
        for process in left:
            process.kill()
        for process in left:
            while process.exitcode is None:  # the executor's thread may have reaped it already
                process.join()


def drained(news: multiprocessing.Queue[T]) -> Iterator[T]:
    """All items that are in the queue now."""
    while True:
        try:
            yield news.get_nowait()
        except queue.Empty:
            return


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C (SIGINT) in processes started in this block: they inherit the signal mask."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(begin: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin(*arguments)


def _end_with_parent() -> None:
    """End this worker as soon as its parent has ended.

    Otherwise the worker of a killed parent would go on and keep the run directory locked. Files are
    written atomically, so none is left half-written.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
