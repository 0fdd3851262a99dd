"""Run dependent steps on a thread pool; raise the failure that a sequential run would raise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_POLL_S = 0.1


def run_steps(
    agenda: Sequence[K],
    needs: Callable[[K], Collection[K]],
    begin: Callable[[K], Callable[[], T]],
    *,
    at_once: int,
    on_wait: Callable[[], None] = lambda: None,
) -> Iterator[tuple[K, T]]:
    """Run all steps of the agenda on `at_once` threads; yields each step and its result when done.

    The agenda is the sequential order, and `needs` gives the steps that a step depends on.
    `begin(step)` is called in this thread and returns the function that a pool thread calls. The
    caller gets a result before any step that needs it begins. `on_wait` is called at least every
    0.1 s while steps are running.

    After a failure, only steps before the failed one in the agenda still begin. At the end, the
    failure that comes first in the agenda is raised: the one of a sequential run.
    """
    queue = _Queue(agenda, needs)
    running: dict[Future[T], K] = {}
    threads = ThreadPoolExecutor(at_once)
    try:
        while True:
            while len(running) < at_once and (step := queue.take()) is not None:
                running[threads.submit(begin(step))] = step
            if not running:
                break
            done, _ = wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED)
            on_wait()
            for future in done:
                step = running.pop(future)
                if error := future.exception():
                    queue.fail(step, error)
                else:
                    yield step, future.result()
                    queue.finish(step)
    finally:  # on an interrupt, do not wait for the running steps
        threads.shutdown(wait=False, cancel_futures=True)
    queue.raise_first()


class _Queue(Generic[K]):
    """The steps that may begin: their needs are done, and no step before them has failed.

    Steps on which no other step depends come first, because they free their needs. Then come the
    steps with the longest chain of dependent steps, so that no long chain remains at the end.
    """

    def __init__(self, agenda: Sequence[K], needs: Callable[[K], Collection[K]]) -> None:
        self._place = {step: i for i, step in enumerate(agenda)}
        self._below = _longest_chains(agenda, needs)
        self._sorter = TopologicalSorter({step: needs(step) for step in agenda})
        self._sorter.prepare()
        self._ready: list[K] = []
        self._failures: dict[int, BaseException] = {}

    def take(self) -> K | None:
        """The next step to begin; None if there is none now."""
        end = min(self._failures, default=len(self._place))
        waiting = (*self._ready, *self._sorter.get_ready())
        self._ready = [step for step in waiting if self._place[step] < end]
        if not self._ready:
            return None
        first = min(self._ready, key=self._rank)
        self._ready.remove(first)
        return first

    def _rank(self, step: K) -> tuple[bool, int, int]:
        below = self._below[step]
        return below > 0, -below, self._place[step]

    def finish(self, step: K) -> None:
        self._sorter.done(step)

    def fail(self, step: K, error: BaseException) -> None:
        self._failures[self._place[step]] = error

    def raise_first(self) -> None:
        if self._failures:
            raise self._failures[min(self._failures)]


def _longest_chains(agenda: Sequence[K], needs: Callable[[K], Collection[K]]) -> dict[K, int]:
    """For each step, the length of the longest chain of steps that depend on it."""
    below = dict.fromkeys(agenda, 0)
    for step in reversed(agenda):
        for need in needs(step):
            below[need] = max(below[need], below[step] + 1)
    return below
