"""Walk: make and score target states, starting at their nearest stored ancestors."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from typing import NamedTuple

from learner.spec import Evaluation, Feedback, StateRef
from learner.state import State
from learner.store.store import Store

from .parallel_steps import run_steps
from .recipes import Adapt, Aggregate, Initial, Recipe, RecipeGraph, Restrict
from .trainer import DivergedError, Trainer, TrainingError

BYTES_PER_KEPT_STATE = 32 * 2**20
"""A state is stored every k rounds, k = size / 32 MiB, at least 1 (adapters: every round)."""


class StateLostError(LookupError):
    """A stored state is missing or damaged; make a new Walk, which does not use it."""


@dataclass(frozen=True, slots=True)
class Visited:
    """A state that was loaded or made, with its `evaluation` if it was to be scored."""

    state: StateRef
    tensors: State
    evaluation: Evaluation | None


class _Step(NamedTuple):
    """Load or make a state, or score it."""

    state: StateRef
    is_score: bool = False


class _Made(NamedTuple):
    """A state that was made, with its clients' feedback; or one that was loaded."""

    tensors: State
    feedback: Sequence[Feedback]


class Walk:
    """Makes all states that the targets need, parents first, each once.

    A state's tensors are freed after their last use. If the trainer allows parallel calls, steps
    run in parallel; the states are the same.
    """

    def __init__(
        self,
        *,
        graph: RecipeGraph,
        store: Store,
        numerics: str,
        trainer: Trainer,
        targets: Sequence[StateRef],
        split: str | None = None,
        again: bool = False,
    ) -> None:
        """`split`: score the targets on it. `again`: make the targets even if they are stored."""
        self._graph, self._store, self._numerics = graph, store, numerics
        self._trainer = trainer
        self._split = split
        pending = graph.pending(
            targets,
            lambda state: store.has_state(state, numerics) and not (again and state in targets),
        )
        self._recipes = {state: graph.recipe(state) for state in pending}
        self._bases = {parent for recipe in self._recipes.values() for parent in recipe.parents}
        stored = [state for state in targets if state not in self._recipes]
        self._agenda = dict.fromkeys([*stored, *self._recipes])
        self._scored = frozenset(targets if split else ())
        self._steps = self._plan()
        self._uses = Counter(need for step in self._steps for need in self._needs(step))
        self._live: dict[StateRef, State] = {}
        self._rounds_since_kept: dict[StateRef, int] = {}
        self.loaded = 0  # states read from the store

    def __len__(self) -> int:
        return len(self._agenda)

    def n_jobs(self, state: StateRef) -> int:
        """LocalJobs that this walk trains to make the state; 0 if it is stored."""
        recipe = self._recipes.get(state)
        return len(recipe.updates) if isinstance(recipe, Aggregate) else 0

    @property
    def total_jobs(self) -> int:
        return sum(self.n_jobs(state) for state in self._agenda)

    def run(self) -> Iterator[Visited]:
        """Every state that is made, and every target. Raises StateLostError, TrainingError."""
        for step, result in self._results():
            state, evaluation = step.state, None
            if isinstance(result, Evaluation):
                tensors, evaluation = self._live[state], result
            else:
                tensors = self._keep(state, result)
            self._free(step)
            if state in self._agenda and step.is_score == (state in self._scored):
                yield Visited(state, tensors, evaluation)

    def _plan(self) -> list[_Step]:
        """The steps in sequential order; a stored parent is loaded just before its first use."""
        steps: dict[_Step, None] = {}
        for state in self._agenda:
            steps |= dict.fromkeys((*self._needs(_Step(state)), _Step(state)))
            if state in self._scored:
                steps[_Step(state, is_score=True)] = None
        return list(steps)

    def _needs(self, step: _Step) -> tuple[_Step, ...]:
        if step.is_score:
            return (_Step(step.state),)
        recipe = self._recipes.get(step.state)
        return tuple(_Step(parent) for parent in recipe.parents) if recipe else ()

    def _results(self) -> Iterator[tuple[_Step, _Made | Evaluation]]:
        trainer = self._trainer
        if trainer.at_once == 1:
            return ((step, self._begin(step)()) for step in self._steps)
        return run_steps(
            self._steps,
            self._needs,
            self._begin,
            at_once=trainer.at_once,
            on_wait=trainer.report_progress,
        )

    def _begin(self, step: _Step) -> Callable[[], _Made | Evaluation]:
        """A function that does the step, with all inputs bound; any thread may call it."""
        state, recipe = step.state, self._recipes.get(step.state)
        if step.is_score:
            return partial(self._score, state, self._live[state])
        if recipe is None:
            return partial(self._load, state)
        return partial(self._make, state, recipe, {p: self._live[p] for p in recipe.parents})

    def _load(self, state: StateRef) -> _Made:
        tensors = self._store.state(state, self._numerics)
        if tensors is None:
            raise StateLostError(state)
        return _Made(tensors, ())

    def _make(self, state: StateRef, recipe: Recipe, parents: dict[StateRef, State]) -> _Made:
        feedback: list[Feedback] = []
        try:
            return _Made(self._trainer.make(recipe, parents, feedback.extend), feedback)
        except TrainingError as error:
            raise type(error)(f"{error}; {self.chain(state)}", state) from None

    def _score(self, state: StateRef, tensors: State) -> Evaluation:
        assert self._split is not None
        config = self._graph.config(state)
        evaluation = self._trainer.evaluate(tensors, config, self._split)
        if not math.isfinite(evaluation.loss):
            reason = f"training diverged: {self._split} loss {evaluation.loss}"
            raise DivergedError(f"{reason}; {self.chain(state)}", state)
        return evaluation

    def _keep(self, state: StateRef, made: _Made) -> State:
        """Keep a new state for later steps, and store it if it was made and is due."""
        recipe = self._recipes.get(state)
        if recipe is None:
            self.loaded += 1
        else:
            self._store_made(state, recipe, made)
        if self._uses[_Step(state)]:
            self._live[state] = made.tensors
        return made.tensors

    def _store_made(self, state: StateRef, recipe: Recipe, made: _Made) -> None:
        """Store the feedback, and the tensors of final states and of every k-th round."""
        if isinstance(recipe, Aggregate):
            name = self._graph.updates_name(recipe.updates)
            self._store.add_feedback(name, self._numerics, made.feedback)
        before = max(
            (self._rounds_since_kept.get(parent, 0) for parent in recipe.parents), default=0
        )
        rounds = before + isinstance(recipe, Aggregate)
        size_bytes = sum(tensor.nbytes for tensor in made.tensors.values())
        every = max(1, round(size_bytes / BYTES_PER_KEPT_STATE))
        if rounds >= every or state not in self._bases:
            text = json.dumps(asdict(recipe), separators=(",", ":"))
            self._store.add_state(state, self._numerics, made.tensors, text)
            rounds = 0
        self._rounds_since_kept[state] = rounds

    def _free(self, step: _Step) -> None:
        """Free the tensors that no later step needs."""
        for need in self._needs(step):
            self._uses[need] -= 1
            if not self._uses[need]:
                del self._live[need.state]

    def chain(self, state: StateRef) -> str:
        """How a state is made, for messages: its recipes from the initial state on."""
        steps: list[str] = []
        at: StateRef | None = state
        while at is not None:
            recipe = self._graph.recipe(at)
            steps.append(_step(recipe))
            at = None if isinstance(recipe, Initial) else recipe.parent
        runs = ((step, len(list(group))) for step, group in groupby(reversed(steps)))
        return f"{state} = " + " > ".join(step if n == 1 else f"{n} x {step}" for step, n in runs)


def _step(recipe: Recipe) -> str:
    if isinstance(recipe, Initial):
        return f"initial {recipe.config} seed {recipe.seed}"
    if isinstance(recipe, Restrict):
        return f"restrict to {recipe.config}"
    return f"{'adapt' if isinstance(recipe, Adapt) else 'round'} {recipe.config}"
