"""What a trainer is: recipes and parent tensors in, tensors and scores out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from learner.spec import Evaluation, Feedback, StateRef, TuningConfig
from learner.state import State

from .recipes import Recipe

Listener = Callable[[Sequence[Feedback]], None]
"""Told what the clients of an aggregation report, in the recipe's order."""


class TrainingError(Exception):
    """A state that could not be made or scored. The message says whose work failed and how the
    state is made; `state` is its name, where that is known."""

    def __init__(self, message: str, state: StateRef | None = None) -> None:
        super().__init__(message)
        self.state = state


class DivergedError(TrainingError):
    """Weights after a training, or a state's loss, are not finite."""


class NoMemoryError(TrainingError):
    """Memory ran out; the message names the batch and the configuration."""


class WorkerDiedError(TrainingError):
    """A process that trained for this one is gone."""


class Trainer(Protocol):
    """Makes tensors and scores them; knows no store and no names."""

    @property
    def at_once(self) -> int:
        """How many calls of `make` and `evaluate` it takes at once, from as many threads."""
        ...

    def hear(self) -> None:
        """Pass on what is to be told of work under way; called by who waits for it."""
        ...

    @property
    def trainings(self) -> int:
        """LocalJobs executed so far, counted inside the training loop."""
        ...

    def make(
        self, recipe: Recipe, parents: Mapping[StateRef, State], tell: Listener = ...
    ) -> State:
        """The state of a recipe, its parents given; an aggregation also tells its clients'
        feedback. Raises DivergedError, NoMemoryError."""
        ...

    def evaluate(self, state: State, config: TuningConfig, split: str) -> Evaluation: ...
