"""Steps that need each other, done side by side, with the outcome of one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_POLL_S = 0.1


def side_by_side(
    agenda: Sequence[K],
    needs: Callable[[K], Collection[K]],
    begin: Callable[[K], Callable[[], T]],
    *,
    at_once: int,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[tuple[K, T]]:
    """Every step of the agenda with its result, as they get done; each after what it needs.

    `begin` is asked, in this thread, for what is then called in one of `at_once` others; a result
    is in the caller's hands before anything that needs it begins. `meanwhile` is called while
    nothing gets done. A step that fails ends only what comes after it in the agenda, and of all
    failures the first in the agenda is raised: the one that steps done one by one would meet.
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
            meanwhile()
            for future in done:
                step = running.pop(future)
                if error := future.exception():
                    queue.fail(step, error)
                else:
                    yield step, future.result()
                    queue.finish(step)
    finally:  # nobody needs what still runs: who is interrupted does not wait for it
        threads.shutdown(wait=False, cancel_futures=True)
    queue.raise_first()


class _Queue(Generic[K]):
    """Steps that may begin: what they need is done, and nothing before them has failed.

    First come steps that nobody waits for, which free what they need; then those for which the
    longest chain waits, so that no chain is left to be done alone at last.
    """

    def __init__(self, agenda: Sequence[K], needs: Callable[[K], Collection[K]]) -> None:
        self._place = {step: i for i, step in enumerate(agenda)}
        self._below = _longest_chains(agenda, needs)
        self._sorter = TopologicalSorter({step: needs(step) for step in agenda})
        self._sorter.prepare()
        self._ready: list[K] = []
        self._failures: dict[int, BaseException] = {}

    def take(self) -> K | None:
        """The step to begin now, if there is one."""
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
    """Steps of the longest chain that waits for each step."""
    below = dict.fromkeys(agenda, 0)
    for step in reversed(agenda):
        for need in needs(step):
            below[need] = max(below[need], below[step] + 1)
    return below
