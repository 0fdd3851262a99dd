"""Recipes: how a state is made, and the graph of names that a run builds ahead of the training.

A StateRef is the digest of its recipe, so two runs that ask for the same training ask for the
same name, whatever their clocks say (docs/adr/0002-recipes.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import blake2b
from math import isclose
from operator import itemgetter
from typing import Any, Literal

from learner.spec import (
    AggregationRule,
    FedAvg,
    LocalJob,
    Lora,
    RoundUpdates,
    StateRef,
    TuningConfig,
    Update,
)

LEARNER_EPOCH = 1
"""Raised by whoever changes the numbers that training gives; old stored states are then unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Initial:
    """A freshly initialised state of a configuration."""

    op: Literal["initial"] = "initial"
    config: TuningConfig
    seed: int

    @property
    def parents(self) -> tuple[StateRef, ...]:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapt:
    """The parent grown to another configuration; old weights kept bit for bit."""

    op: Literal["adapt"] = "adapt"
    parent: StateRef
    config: TuningConfig
    seed: int

    @property
    def parents(self) -> tuple[StateRef, ...]:
        return (self.parent,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """The parent after one aggregation of updates, sorted by (client_id, job digest)."""

    op: Literal["aggregate"] = "aggregate"
    rule: AggregationRule
    parent: StateRef
    updates: tuple[Update, ...]

    @property
    def config(self) -> TuningConfig:
        return self.updates[0].job.config

    @property
    def parents(self) -> tuple[StateRef, ...]:
        return tuple(dict.fromkeys((self.parent, *(update.base for update in self.updates))))


Recipe = Initial | Adapt | Aggregate


@cache
def canonical(value: Any) -> str:
    """The one JSON text of a frozen dataclass: sorted keys, no spaces, floats as repr, no NaN.

    Cached, since configurations and shards recur in thousands of recipes.
    """
    return json.dumps(asdict(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_text(*parts: str) -> str:
    """blake2b-128 of the parts, each closed by a zero byte so that no two lists collide."""
    text = "\0".join(parts) + "\0" if parts else ""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def job_digest(job: LocalJob) -> str:
    """The name of a job, built from the cached texts of its recurring parts."""
    return digest_text(
        canonical(job.shard),
        canonical(job.config),
        f"{job.n_batches} {job.batch_size} {job.optimizer} {job.lr!r} {job.head_lr!r} {job.seed} "
        f"{job.momentum!r} {job.weight_decay!r} {job.max_grad_norm!r} {job.prox_mu!r} "
        f"{job.lr_decay} {job.down_bits} {job.up_bits}",
    )


def ordered_updates(updates: Sequence[Update]) -> list[Update]:
    """As a recipe holds them: by client and job, whatever order they arrived in."""
    return sorted(updates, key=_order_key)


def _order_key(update: Update) -> tuple[int, str, str, float, float]:
    job = update.job
    return job.shard.client_id, job_digest(job), update.base, update.weight, update.discount


def _update_text(digest: str, update: Update) -> str:
    text = f"{digest} {update.base} {update.weight!r}"
    return text if update.discount == 1.0 else f"{text} {update.discount!r}"


class RecipeGraph:
    """Names recipes and remembers them until their states are made.

    `context` names what every recipe shares: base model revision and data digest. With
    LEARNER_EPOCH it is part of each digest. Where nothing will be made from recipes (CurveLearner),
    `names_only` keeps the configurations and drops the rest.
    """

    def __init__(self, context: str, *, names_only: bool = False) -> None:
        self._names_only = names_only
        self._prefix = digest_text(str(LEARNER_EPOCH), context)
        self._recipes: dict[StateRef, Recipe] = {}
        self._configs: dict[StateRef, TuningConfig] = {}
        self._made_of: dict[str, StateRef] = {}

    def initial(self, config: TuningConfig, seed: int) -> StateRef:
        name = self._name("initial", canonical(config), str(seed))
        return self._add(name, Initial(config=config, seed=seed))

    def adapt(self, state: StateRef, config: TuningConfig, seed: int) -> StateRef:
        """The grown state's name; the same name if `config` is what the state already has.

        Raises ValueError for LoRA at another scale.
        """
        if self._configs[state] == config:
            return state
        _require_same_scale(self._configs[state], config)
        name = self._name("adapt", state, canonical(config), str(seed))
        return self._add(name, Adapt(parent=state, config=config, seed=seed))

    def aggregate(
        self, state: StateRef, updates: Sequence[Update], rule: AggregationRule
    ) -> StateRef:
        """The aggregated state's name. No updates: nothing happens, the same name.

        Raises ValueError if the updates train different configurations.
        """
        if not updates:
            return state
        updates = tuple(updates)
        if len({update.job.config for update in updates}) != 1:
            raise ValueError("updates of one aggregation must train one configuration")
        keyed = sorted([(_order_key(update), update) for update in updates], key=itemgetter(0))
        parts = (_update_text(digest, update) for (_, digest, *_), update in keyed)
        name = self._name("aggregate", canonical(rule), state, *parts)
        ordered = tuple(update for _, update in keyed)
        if not self._names_only:
            digests = [key[1] for key, _ in keyed]
            self._made_of[self._updates_name(ordered, digests)] = name
        return self._add(name, Aggregate(rule=rule, parent=state, updates=ordered))

    def aggregated(self, updates: Sequence[Update]) -> StateRef:
        """A state that is made of these updates: the last one named, else their FedAvg."""
        return self._made_of.get(self.updates_name(updates)) or self.aggregate(
            updates[0].base, updates, FedAvg()
        )

    def updates_name(self, updates: Sequence[Update]) -> str:
        """Names what the clients did, in whatever order they are given and whatever came of it."""
        ordered = ordered_updates(updates)
        return self._updates_name(ordered, [job_digest(update.job) for update in ordered])

    def _updates_name(self, updates: Sequence[Update], digests: Sequence[str]) -> str:
        pairs = zip(digests, updates, strict=True)
        return self._name("updates", *(f"{digest} {update.base}" for digest, update in pairs))

    def aggregate_by_columns(
        self, state: StateRef, updates: RoundUpdates, rule: AggregationRule
    ) -> StateRef:
        """A name for learners that make nothing from recipes: who took part, not with which seed.

        The seeds follow from the parent's, the client and the round.
        """
        ids = ",".join([str(shard.client_id) for shard in updates.shards])
        batches = ",".join(map(str, updates.n_batches))
        parts = (canonical(rule), state, canonical(updates.config), ids, batches)
        own = ",".join([*updates.bases, *map(repr, updates.discounts)])
        name = self._name("aggregate columns", *parts, str(updates.batch_size), own)
        self._configs[name] = updates.config
        return name

    def recipe(self, state: StateRef) -> Recipe:
        return self._recipes[state]

    def config(self, state: StateRef) -> TuningConfig:
        return self._configs[state]

    def pending(
        self, targets: Sequence[StateRef], is_made: Callable[[StateRef], bool]
    ) -> Iterator[StateRef]:
        """What must be made for the targets, parents first, from the nearest made ancestors.

        Iterative, since lineages run to thousands of rounds.
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

    def _name(self, *parts: str) -> StateRef:
        return StateRef(digest_text(self._prefix, *parts))

    def _add(self, name: StateRef, recipe: Recipe) -> StateRef:
        self._configs[name] = recipe.config
        if not self._names_only:
            self._recipes[name] = recipe
        return name


def _require_same_scale(old: TuningConfig, new: TuningConfig) -> None:
    if isinstance(old, Lora) and isinstance(new, Lora) and not isclose(old.scale, new.scale):
        raise ValueError(
            f"alpha / rank must stay {old.scale:g} while LoRA grows, got {new.alpha:g} / {new.rank}"
        )
