"""Materialising: from names to tensors and scores, from the nearest stored ancestors on."""

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

from .parallel_steps import side_by_side
from .recipes import Adapt, Aggregate, Initial, Recipe, RecipeGraph
from .trainer import DivergedError, Trainer, TrainingError

BYTES_PER_KEPT_STATE = 32 * 2**20
"""Large states are kept every k rounds, k = state size / 32 MiB; adapters (k = 1) always."""


class StateLostError(LookupError):
    """A stored state that was to be loaded is gone or was damaged; plan again without it."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A state that the walk has come past; `evaluation` where it was to be scored."""

    state: StateRef
    tensors: State
    evaluation: Evaluation | None


class _Step(NamedTuple):
    """A state is loaded or made; a target is then scored."""

    state: StateRef
    is_score: bool = False


class _Made(NamedTuple):
    tensors: State
    told: Sequence[Feedback]


class Walk:
    """One pass over what the targets need, parents first; a base is freed after its last use.

    Where the trainer does several things at once, so does the walk: the states are the same.
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
        """`split`: score the targets on it. `again`: make them even where they are stored."""
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
        """LocalJobs that this walk executes to make the state; 0 if it is stored."""
        recipe = self._recipes.get(state)
        return len(recipe.updates) if isinstance(recipe, Aggregate) else 0

    @property
    def total_jobs(self) -> int:
        return sum(self.n_jobs(state) for state in self._agenda)

    def passed(self) -> Iterator[Passed]:
        """Every target and what is made on the way to it. Raises StateLostError, TrainingError."""
        for step, result in self._results():
            state, evaluation = step.state, None
            if isinstance(result, Evaluation):
                tensors, evaluation = self._live[state], result
            else:
                tensors = self._keep(state, result)
            self._free(step)
            if state in self._agenda and step.is_score == (state in self._scored):
                yield Passed(state, tensors, evaluation)

    def _plan(self) -> list[_Step]:
        """As one process does them; a stored parent is loaded just before its first use."""
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
        return side_by_side(
            self._steps,
            self._needs,
            self._begin,
            at_once=trainer.at_once,
            meanwhile=trainer.hear,
        )

    def _begin(self, step: _Step) -> Callable[[], _Made | Evaluation]:
        """The step with all that it needs of the walk, to be called in any thread."""
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
        told: list[Feedback] = []
        try:
            return _Made(self._trainer.make(recipe, parents, told.extend), told)
        except TrainingError as error:
            raise type(error)(f"{error}; {self.chain(state)}", state) from None

    def _score(self, state: StateRef, tensors: State) -> Evaluation:
        assert self._split is not None
        config = self._graph.config(state)
        evaluation = self._trainer.evaluate(tensors, config, self._split)
        if not math.isfinite(evaluation.loss):
            told = f"training diverged: {self._split} loss {evaluation.loss}"
            raise DivergedError(f"{told}; {self.chain(state)}", state)
        return evaluation

    def _keep(self, state: StateRef, made: _Made) -> State:
        """Take what was made or loaded into the walk and, where it is due, into the store."""
        recipe = self._recipes.get(state)
        if recipe is None:
            self.loaded += 1
        else:
            self._store_made(state, recipe, made)
        if self._uses[_Step(state)]:
            self._live[state] = made.tensors
        return made.tensors

    def _store_made(self, state: StateRef, recipe: Recipe, made: _Made) -> None:
        """Store feedback always, tensors at the ends of the walk and in every k-th round."""
        if isinstance(recipe, Aggregate):
            name = self._graph.updates_name(recipe.updates)
            self._store.add_feedback(name, self._numerics, made.told)
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
        """Let go of what no later step needs."""
        for need in self._needs(step):
            self._uses[need] -= 1
            if not self._uses[need]:
                del self._live[need.state]

    def chain(self, state: StateRef) -> str:
        """How a state is made, for messages: the recipe chain from the initial state on."""
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
    return f"{'adapt' if isinstance(recipe, Adapt) else 'round'} {recipe.config}"
