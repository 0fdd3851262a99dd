"""Processes that work for this one: they end with it and leave Ctrl-C to it."""

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

DIED = "a worker process died (out of memory?); the same command goes on where it stopped"


class WorkerProcesses(ProcessPoolExecutor):
    """Up to `workers` fresh processes, each started when there is work and nobody idle.

    `begin(*arguments)` is called first in each. Where the block is left by an error or an
    interrupt they are killed at once, whatever they are about.
    """

    def __init__(self, workers: int, begin: Callable[..., None], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        super().__init__(
            workers, mp_context=context, initializer=_begin, initargs=(begin, arguments)
        )

    def submit(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _deaf_to_interrupts():
            return super().submit(task, *args, **kwargs)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.shutdown()
        else:
            self.kill()

    def kill(self) -> None:
        """End the processes now, and return when they have ended."""
        processes = self._processes
        self.shutdown(wait=False, cancel_futures=True)  # from here on none is started
        left = list(processes.values())
        for process in left:
            process.kill()
        for process in left:
            while process.exitcode is None:  # who has died is reaped by one thread: this or its own
                process.join()


def drained(news: multiprocessing.Queue[T]) -> Iterator[T]:
    """What the workers have put there so far."""
    while True:
        try:
            yield news.get_nowait()
        except queue.Empty:
            return


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes that this thread starts here never hear Ctrl-C: they inherit its signal mask."""
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
    """A worker whose parent was killed ends at once: nobody waits for it, and it would hold its
    run directory against the next attempt. What it was writing appears whole or not at all."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
