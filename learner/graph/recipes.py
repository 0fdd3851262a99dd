"""Recipes: how a state is made. RecipeGraph: the recipes of a run, named before any training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from learner.aggregation_rule import AggregationRule, FedAvg
from learner.spec import StateRef, TuningConfig, Update

from .names import RecipeNames, job_digest, ordered_updates


@dataclass(frozen=True, slots=True, kw_only=True)
class Initial:
    """A new state of a configuration."""

    op: Literal["initial"] = "initial"
    config: TuningConfig
    seed: int

    @property
    def parents(self) -> tuple[StateRef, ...]:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapt:
    """The parent grown to a larger configuration; old weights are kept bit for bit."""

    op: Literal["adapt"] = "adapt"
    parent: StateRef
    config: TuningConfig
    seed: int

    @property
    def parents(self) -> tuple[StateRef, ...]:
        return (self.parent,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restrict:
    """The part of the parent that a smaller configuration has."""

    op: Literal["restrict"] = "restrict"
    parent: StateRef
    config: TuningConfig

    @property
    def parents(self) -> tuple[StateRef, ...]:
        return (self.parent,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """The parent after one aggregation of updates, sorted by (part, client_id, job digest)."""

    op: Literal["aggregate"] = "aggregate"
    rule: AggregationRule
    parent: StateRef
    updates: tuple[Update, ...]

    @property
    def config(self) -> TuningConfig:
        return self.updates[0].job.state_config

    @property
    def parents(self) -> tuple[StateRef, ...]:
        return tuple(dict.fromkeys((self.parent, *(update.base for update in self.updates))))


Recipe = Initial | Adapt | Restrict | Aggregate


class RecipeGraph:
    """Names recipes and keeps them, so that their states can be made later.

    `context` identifies what all recipes of a run share (see RecipeNames).
    """

    def __init__(self, context: str) -> None:
        self._names = RecipeNames(context)
        self._recipes: dict[StateRef, Recipe] = {}
        self._made_of: dict[str, StateRef] = {}

    def initial(self, config: TuningConfig, seed: int) -> StateRef:
        """The name of a new state."""
        name = self._names.initial(config, seed)
        return self._add(name, Initial(config=config, seed=seed))

    def adapt(self, state: StateRef, config: TuningConfig, seed: int) -> StateRef:
        """The grown state's name; the same name if the state already has this configuration.

        Raises ValueError if LoRA's alpha / rank would change.
        """
        name = self._names.adapt(state, self.config(state), config, seed)
        return self._add(name, Adapt(parent=state, config=config, seed=seed), state)

    def restrict(self, state: StateRef, config: TuningConfig) -> StateRef:
        """The name of a part of a state; the same name if it is all of it.

        Raises ValueError if the configuration is no part of the state's.
        """
        name = self._names.restrict(state, self.config(state), config)
        return self._add(name, Restrict(parent=state, config=config), state)

    def aggregate(
        self, state: StateRef, updates: Sequence[Update], rule: AggregationRule
    ) -> StateRef:
        """The aggregated state's name; without updates, the same name.

        Raises ValueError if the updates belong to states of different configurations.
        """
        if not updates:
            return state
        name, ordered, digests = self._names.aggregate(state, tuple(updates), rule)
        self._made_of[self._names.updates(ordered, digests)] = name
        return self._add(name, Aggregate(rule=rule, parent=state, updates=ordered))

    def aggregated(self, updates: Sequence[Update]) -> StateRef:
        """The state last named by `aggregate` for these updates; if there is none, their FedAvg."""
        return self._made_of.get(self.updates_name(updates)) or self.aggregate(
            updates[0].base, updates, FedAvg()
        )

    def updates_name(self, updates: Sequence[Update]) -> str:
        """A name for these clients' jobs, independent of order, weights and aggregation rule."""
        ordered = ordered_updates(updates)
        return self._names.updates(ordered, [job_digest(update.job) for update in ordered])

    def recipe(self, state: StateRef) -> Recipe:
        """The recipe of a state that this graph has named."""
        return self._recipes[state]

    def config(self, state: StateRef) -> TuningConfig:
        """The configuration of a state that this graph has named."""
        return self._recipes[state].config

    def pending(
        self, targets: Sequence[StateRef], is_made: Callable[[StateRef], bool]
    ) -> Iterator[StateRef]:
        """The states to make for the targets, parents first, starting at the nearest made ones.

        Each is named once. Not recursive, since a lineage can have thousands of rounds.
        """
        stack = [(target, False) for target in reversed(targets)]
        seen: set[StateRef] = set()
        while stack:
            state, parents_done = stack.pop()
            if parents_done:
                yield state
            elif state not in seen and not is_made(state):
                seen.add(state)
                stack.append((state, True))
                stack.extend((p, False) for p in reversed(self._recipes[state].parents))

    def _add(self, name: StateRef, recipe: Recipe, unless: StateRef | None = None) -> StateRef:
        """Keep the recipe of a name, unless the name is this one's."""
        if name != unless:
            self._recipes[name] = recipe
        return name
