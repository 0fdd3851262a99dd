"""Materialising: from names to tensors, from the nearest stored ancestors on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import groupby

from .recipes import Adapt, Aggregate, Initial, Recipe, RecipeGraph
from .spec import Feedback, StateRef
from .store import Store
from .trainer import State, Trainer, TrainingError

BYTES_PER_KEPT_STATE = 32 * 2**20
"""Large states are kept every k rounds, k = state size / 32 MiB; adapters (k = 1) always."""


class StateLostError(LookupError):
    """A stored state that was to be loaded is gone or was damaged; plan again without it."""


class Walk:
    """One pass over what the targets need, parents first; a base is freed after its last use."""

    def __init__(
        self,
        *,
        graph: RecipeGraph,
        store: Store,
        numerics: str,
        trainer: Trainer,
        targets: Sequence[StateRef],
        again: bool = False,
    ) -> None:
        """`again`: make the targets themselves even where they are stored."""
        self._graph, self._store, self._numerics = graph, store, numerics
        self._trainer = trainer
        pending = graph.pending(
            targets,
            lambda state: store.has_state(state, numerics) and not (again and state in targets),
        )
        self._recipes = {state: graph.recipe(state) for state in pending}
        parents = (parent for recipe in self._recipes.values() for parent in recipe.parents)
        self._uses = Counter(parents)
        self._agenda = [s for s in targets if s not in self._recipes] + list(self._recipes)
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

    def states(self) -> Iterator[tuple[StateRef, State]]:
        """Every target and everything on the way to it. Raises StateLostError, TrainingError."""
        for state in self._agenda:
            recipe = self._recipes.get(state)
            tensors = self._load(state) if recipe is None else self._make(state, recipe)
            if self._uses[state]:
                self._live[state] = tensors
            yield state, tensors

    def _load(self, state: StateRef) -> State:
        tensors = self._store.state(state, self._numerics)
        if tensors is None:
            raise StateLostError(state)
        self.loaded += 1
        return tensors

    def _make(self, state: StateRef, recipe: Recipe) -> State:
        for parent in recipe.parents:
            if parent not in self._live:
                self._live[parent] = self._load(parent)
        parents = {parent: self._live[parent] for parent in recipe.parents}
        try:
            tensors = self._trainer.make(recipe, parents, partial(self._keep_feedback, recipe))
        except TrainingError as error:
            raise type(error)(f"{error}; {self.chain(state)}", state) from None
        self._keep(state, recipe, tensors)
        for parent in recipe.parents:
            self._uses[parent] -= 1
            if not self._uses[parent]:
                del self._live[parent]
        return tensors

    def _keep_feedback(self, recipe: Recipe, told: Sequence[Feedback]) -> None:
        if isinstance(recipe, Aggregate):
            name = self._graph.updates_name(recipe.updates)
            self._store.add_feedback(name, self._numerics, told)

    def _keep(self, state: StateRef, recipe: Recipe, tensors: State) -> None:
        """Store the ends of the walk and, on the way, every k-th round of a lineage."""
        before = max(
            (self._rounds_since_kept.get(parent, 0) for parent in recipe.parents), default=0
        )
        rounds = before + isinstance(recipe, Aggregate)
        size_bytes = sum(tensor.nbytes for tensor in tensors.values())
        every = max(1, round(size_bytes / BYTES_PER_KEPT_STATE))
        if rounds >= every or not self._uses[state]:
            text = json.dumps(asdict(recipe), separators=(",", ":"))
            self._store.add_state(state, self._numerics, tensors, text)
            rounds = 0
        self._rounds_since_kept[state] = rounds

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
