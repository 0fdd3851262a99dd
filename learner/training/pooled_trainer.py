"""PooledTrainer: a Trainer that trains passes in worker processes and aggregates in this one."""

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
from learner.graph.trainer import FeedbackSink, WorkerDiedError
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
"""A split, and the share of it (0-1) that is encoded."""


class PooledTrainer:
    """A Trainer and context manager whose passes are trained by worker processes.

    Passes depend only on the recipe, and clients are added in the recipe's order, so that states
    equal those of a single process bit for bit. Raises WorkerDiedError if a worker dies; errors of
    a worker are raised here.
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
        self.at_once = workers + 1  # so that an idle worker always has a next pass
        self._workers, self._max_tokens, self._on_fill = workers, max_tokens, on_fill
        self._device = own_device()
        self._counting = Lock()
        self._news: multiprocessing.Queue[_News] = multiprocessing.get_context("spawn").Queue()
        self._processes = WorkerProcesses(workers, _begin, make, self._news)
        for _ in range(workers):  # start all workers now, in parallel
            self._processes.submit(_load)

    def __enter__(self) -> PooledTrainer:
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.kill()  # a regular end would take seconds to unload torch

    def make(
        self,
        recipe: Recipe,
        parents: Mapping[StateRef, State],
        on_feedback: FeedbackSink = lambda feedback: None,
    ) -> State:
        if not isinstance(recipe, Aggregate):
            with _worker_death_reported():
                return self._processes.submit(_make, recipe, parents).result()
        return server_step(
            recipe, parents, self._trained(recipe, parents), self._device, on_feedback
        )

    def evaluate(self, state: State, config: TuningConfig, split: str) -> Evaluation:
        with _worker_death_reported():
            return self._processes.submit(_evaluate, trainables(state), config, split).result()

    def example_losses(self, state: State, config: TuningConfig, split: str) -> tuple[float, ...]:
        with _worker_death_reported():
            return self._processes.submit(_losses, trainables(state), config, split).result()

    def report_progress(self) -> None:
        """Report how far the workers have encoded the texts."""
        for news in drained(self._news):
            self._on_fill(*news)

    def _trained(self, recipe: Aggregate, parents: Mapping[StateRef, State]) -> Iterator[Trained]:
        """Each client's result, in the recipe's order."""
        bases = {name: trainables(state) for name, state in parents.items()}
        pieces = (
            (updates, {update.base: bases[update.base] for update in updates})
            for updates in passes(recipe.updates, self._max_tokens)
        )
        with _worker_death_reported():
            for sent in self._in_order(self._processes.submit(_train, *one) for one in pieces):
                with self._counting:
                    self.trainings += len(sent)
                for arrays, feedback in sent:
                    params = {name: torch.from_numpy(array) for name, array in arrays.items()}
                    yield Trained(params, feedback)

    def _in_order(self, futures: Iterable[Future[T]]) -> Iterator[T]:
        """The results in order; at most one pass per worker is submitted ahead."""
        asked: deque[Future[T]] = deque()
        for future in futures:
            asked.append(future)
            if len(asked) > self._workers:
                yield asked.popleft().result()
        while asked:
            yield asked.popleft().result()


@contextmanager
def _worker_death_reported() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        raise WorkerDiedError(DIED) from None


_Sent = tuple[dict[str, np.ndarray], Feedback]


# The functions below run in the worker processes.

_learner: Callable[[], TorchLearner]


def _begin(make: MakeLearner, news: multiprocessing.Queue[_News]) -> None:
    """Keep `make` for later, so that its errors are raised by the first piece of work."""
    global _learner
    _learner = cache(lambda: make(on_fill=lambda split, share: news.put((split, share))))


def _load() -> None:
    _learner()


def _make(recipe: Recipe, parents: Mapping[StateRef, State]) -> State:
    return _learner().make(recipe, parents)


def _train(updates: Sequence[Update], bases: Mapping[StateRef, State]) -> list[_Sent]:
    """As arrays: tensors would be sent as shared-memory files, which a killed process leaves."""
    return [
        ({name: param.cpu().numpy() for name, param in client.params.items()}, client.feedback)
        for client in _learner().train(updates, bases)
    ]


def _evaluate(state: State, config: TuningConfig, split: str) -> Evaluation:
    return _learner().evaluate(state, config, split)


def _losses(state: State, config: TuningConfig, split: str) -> tuple[float, ...]:
    return _learner().example_losses(state, config, split)
