"""The Trainer protocol (recipe and parents' tensors in, tensors and scores out) and its errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from learner.spec import Evaluation, Feedback, StateRef, TuningConfig
from learner.state import State

from .recipes import Recipe

FeedbackSink = Callable[[Sequence[Feedback]], None]
"""Called with the feedback of an aggregation's clients, in the recipe's order."""


class TrainingError(Exception):
    """A state could not be made or scored.

    The message says which clients' training failed and how the state is made. `state` is its name,
    if known.
    """

    def __init__(self, message: str, state: StateRef | None = None) -> None:
        super().__init__(message)
        self.state = state


class DivergedError(TrainingError):
    """Weights or losses are not finite."""


class NoMemoryError(TrainingError):
    """Out of memory; the message has the clients, the batch and the configuration."""


class WorkerDiedError(TrainingError):
    """A worker process ended unexpectedly."""


class Trainer(Protocol):
    """Makes the tensors of states and scores them. Knows neither the store nor the graph."""

    @property
    def at_once(self) -> int:
        """How many threads may call `make` and `evaluate` at the same time."""
        ...

    def report_progress(self) -> None:
        """Report the progress of work in other processes; called while waiting for a result."""
        ...

    @property
    def trainings(self) -> int:
        """LocalJobs trained so far."""
        ...

    def make(
        self, recipe: Recipe, parents: Mapping[StateRef, State], on_feedback: FeedbackSink = ...
    ) -> State:
        """Make the state of a recipe from its parents.

        An aggregation also passes its clients' feedback to `on_feedback`. Raises TrainingError.
        """
        ...

    def evaluate(self, state: State, config: TuningConfig, split: str) -> Evaluation:
        """Score a state on a split."""
        ...

    def example_losses(self, state: State, config: TuningConfig, split: str) -> tuple[float, ...]:
        """A state's loss on every example of a split (learner.spec.Learner)."""
        ...
