"""A trainer whose work is done in processes of their own, one pass a piece."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TypeVar

import numpy as np
import torch

from learner.graph.recipes import Aggregate, Recipe
from learner.graph.trainer import Listener, WorkerDiedError
from learner.spec import Evaluation, Feedback, StateRef, TuningConfig, Update
from learner.state import State
from learner.tuning.parameters import trainables

from .device import own_device
from .local import Trained, passes
from .server_rules import server_step
from .torch_learner import TorchLearner
from .worker_processes import DIED, WorkerProcesses, drained

T = TypeVar("T")

MakeLearner = Callable[..., TorchLearner]
"""Called in each worker with the keyword `on_fill`."""

_News = tuple[str, float]
"""A split, and how much of it (0-1) is encoded."""


class PooledTrainer:
    """A Trainer that adds up what worker processes train, while the block lasts.

    A piece of work is a pass: cut by the recipe alone, and its clients added in the recipe's order,
    so that the states are those of one process, bit for bit. Raises WorkerDiedError where a process
    is gone, and else what the worker raises.
    """

    def __init__(
        self,
        make: MakeLearner,
        workers: int,
        *,
        max_tokens: int,
        on_fill: Callable[[str, float], None] = lambda split, share: None,
    ) -> None:
        self.trainings = 0
        self.at_once = workers + 1  # a worker that gets idle finds the next piece waiting
        self._workers, self._max_tokens, self._on_fill = workers, max_tokens, on_fill
        self._device = own_device()
        self._counting = Lock()
        self._news: multiprocessing.Queue[_News] = multiprocessing.get_context("spawn").Queue()
        self._processes = WorkerProcesses(workers, _begin, make, self._news)
        for _ in range(workers):  # all start now, and none only when its first piece is due
            self._processes.submit(_load)

    def __enter__(self) -> PooledTrainer:
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.kill()  # idle or not wanted any more; unloading torch would take seconds

    def make(
        self,
        recipe: Recipe,
        parents: Mapping[StateRef, State],
        tell: Listener = lambda feedback: None,
    ) -> State:
        if not isinstance(recipe, Aggregate):
            with _death_told():
                return self._processes.submit(_make, recipe, parents).result()
        return server_step(recipe, parents, self._trained(recipe, parents), self._device, tell)

    def evaluate(self, state: State, config: TuningConfig, split: str) -> Evaluation:
        with _death_told():
            return self._processes.submit(_evaluate, trainables(state), config, split).result()

    def hear(self) -> None:
        """Tell how far the workers have encoded the texts."""
        for news in drained(self._news):
            self._on_fill(*news)

    def _trained(self, recipe: Aggregate, parents: Mapping[StateRef, State]) -> Iterator[Trained]:
        """Each client's part, in the recipe's order."""
        bases = {name: trainables(state) for name, state in parents.items()}
        pieces = (
            (updates, {update.base: bases[update.base] for update in updates})
            for updates in passes(recipe.updates, self._max_tokens)
        )
        with _death_told():
            for sent in self._in_order(self._processes.submit(_train, *one) for one in pieces):
                with self._counting:
                    self.trainings += len(sent)
                yield from (_received(params, feedback, self._device) for params, feedback in sent)

    def _in_order(self, futures: Iterable[Future[T]]) -> Iterator[T]:
        """The results; no more are asked for ahead than keep the workers busy."""
        asked: deque[Future[T]] = deque()
        for future in futures:
            asked.append(future)
            if len(asked) > self._workers:
                yield asked.popleft().result()
        while asked:
            yield asked.popleft().result()


@contextmanager
def _death_told() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        raise WorkerDiedError(DIED) from None


_Sent = tuple[dict[str, np.ndarray], Feedback]


def _received(
    params: Mapping[str, np.ndarray], feedback: Feedback, device: torch.device
) -> Trained:
    return Trained({n: torch.from_numpy(p).to(device) for n, p in params.items()}, feedback)


# What follows happens in the workers.

_learner: Callable[[], TorchLearner]


def _begin(make: MakeLearner, news: multiprocessing.Queue[_News]) -> None:
    """Keep how the learner is made; that it cannot be made is told by the first piece of work."""
    global _learner
    _learner = cache(lambda: make(on_fill=lambda split, share: news.put((split, share))))


def _load() -> None:
    _learner()


def _make(recipe: Recipe, parents: Mapping[StateRef, State]) -> State:
    return _learner().make(recipe, parents)


def _train(updates: Sequence[Update], bases: Mapping[StateRef, State]) -> list[_Sent]:
    """As arrays: tensors would be sent as files of shared memory, which a killed process leaves."""
    return [
        ({name: param.cpu().numpy() for name, param in client.params.items()}, client.feedback)
        for client in _learner().train(updates, bases)
    ]


def _evaluate(state: State, config: TuningConfig, split: str) -> Evaluation:
    return _learner().evaluate(state, config, split)
