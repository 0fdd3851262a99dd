"""Recipes: how a state is made. RecipeGraph: the recipes of a run, named before any training.

A StateRef is the digest of its recipe. Two runs that need the same training therefore use the same
name, even if their simulated times differ (docs/adr/0002-recipes.md).
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

from learner.plan import is_part
from learner.ranges import require
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
"""Increase it with every change that alters the results of training; old stored states are then not
found any more."""


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


@cache
def canonical(value: Any) -> str:
    """The canonical JSON of a frozen dataclass: sorted keys, no spaces, floats as repr, no NaN.

    Cached, since the same configurations and shards occur in thousands of recipes.
    """
    return json.dumps(asdict(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_text(*parts: str) -> str:
    """blake2b-128 of the parts, each followed by a zero byte so that different lists differ."""
    text = "\0".join(parts) + "\0" if parts else ""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def job_digest(job: LocalJob) -> str:
    """The digest of a job, built from cached texts of its shard and configuration."""
    return digest_text(
        canonical(job.shard),
        canonical(job.config),
        f"{job.n_batches} {job.batch_size} {job.optimizer} {job.lr!r} {job.head_lr!r} {job.seed} "
        f"{job.momentum!r} {job.weight_decay!r} {job.max_grad_norm!r} {job.prox_mu!r} "
        f"{job.lr_decay} {job.down_bits} {job.up_bits}",
        *_part_texts(job),
    )


def _part_texts(job: LocalJob) -> tuple[str, ...]:
    """What the digest of a job has in addition if it trains only a part of the state."""
    return () if job.whole is None else (canonical(job.whole), job.runs)


def ordered_updates(updates: Sequence[Update]) -> list[Update]:
    """The updates in the recipe's order: by what they train, client id and job digest."""
    return sorted(updates, key=_order_key)


def _order_key(update: Update) -> tuple[str, int, str, str, float, float]:
    """Those who train the same part come together, so that they can be trained in one pass."""
    job = update.job
    part = "" if job.whole is None else f"{canonical(job.config)} {job.runs}"
    return part, job.shard.client_id, job_digest(job), update.base, update.weight, update.discount


def _update_text(digest: str, update: Update) -> str:
    text = f"{digest} {update.base} {update.weight!r}"
    return text if update.discount == 1.0 else f"{text} {update.discount!r}"


class RecipeGraph:
    """Names recipes and keeps them, so that their states can be made later.

    `context` identifies what all recipes of a run share: the base model's revision and the data's
    digest. It is part of each name, like LEARNER_EPOCH. With `names_only` (CurveLearner) only the
    configurations are kept, since no state will be made.
    """

    def __init__(self, context: str, *, names_only: bool = False) -> None:
        self._names_only = names_only
        self._prefix = digest_text(str(LEARNER_EPOCH), context)
        self._recipes: dict[StateRef, Recipe] = {}
        self._configs: dict[StateRef, TuningConfig] = {}
        self._made_of: dict[str, StateRef] = {}

    def initial(self, config: TuningConfig, seed: int) -> StateRef:
        """The name of a new state."""
        name = self._name("initial", canonical(config), str(seed))
        return self._add(name, Initial(config=config, seed=seed))

    def adapt(self, state: StateRef, config: TuningConfig, seed: int) -> StateRef:
        """The grown state's name; the same name if the state already has this configuration.

        Raises ValueError if LoRA's alpha / rank would change.
        """
        if self._configs[state] == config:
            return state
        _require_same_scale(self._configs[state], config)
        name = self._name("adapt", state, canonical(config), str(seed))
        return self._add(name, Adapt(parent=state, config=config, seed=seed))

    def restrict(self, state: StateRef, config: TuningConfig) -> StateRef:
        """The name of a part of a state; the same name if it is all of it.

        Raises ValueError if the configuration is no part of the state's.
        """
        whole = self._configs[state]
        if whole == config:
            return state
        require(is_part(config, whole), f"{config} is no part of {whole}")
        return self._add(
            self._name("restrict", state, canonical(config)), Restrict(parent=state, config=config)
        )

    def aggregate(
        self, state: StateRef, updates: Sequence[Update], rule: AggregationRule
    ) -> StateRef:
        """The aggregated state's name; without updates, the same name.

        Raises ValueError if the updates belong to states of different configurations.
        """
        if not updates:
            return state
        updates = tuple(updates)
        if len({update.job.state_config for update in updates}) != 1:
            raise ValueError("all updates of an aggregation must be of states of one configuration")
        keyed = sorted([(_order_key(update), update) for update in updates], key=itemgetter(0))
        parts = (_update_text(digest, update) for (_, _, digest, *_), update in keyed)
        name = self._name("aggregate", canonical(rule), state, *parts)
        ordered = tuple(update for _, update in keyed)
        if not self._names_only:
            digests = [key[2] for key, _ in keyed]
            self._made_of[self._updates_name(ordered, digests)] = name
        return self._add(name, Aggregate(rule=rule, parent=state, updates=ordered))

    def aggregated(self, updates: Sequence[Update]) -> StateRef:
        """The state last named by `aggregate` for these updates; if there is none, their FedAvg."""
        return self._made_of.get(self.updates_name(updates)) or self.aggregate(
            updates[0].base, updates, FedAvg()
        )

    def updates_name(self, updates: Sequence[Update]) -> str:
        """A name for these clients' jobs, independent of order, weights and aggregation rule."""
        ordered = ordered_updates(updates)
        return self._updates_name(ordered, [job_digest(update.job) for update in ordered])

    def _updates_name(self, updates: Sequence[Update], digests: Sequence[str]) -> str:
        pairs = zip(digests, updates, strict=True)
        return self._name("updates", *(f"{digest} {update.base}" for digest, update in pairs))

    def aggregate_by_columns(
        self, state: StateRef, updates: RoundUpdates, rule: AggregationRule
    ) -> StateRef:
        """A name for learners that make no states: it contains the clients but not their seeds.

        The seeds follow from the parent state, the client and the round.
        """
        ids = ",".join([str(shard.client_id) for shard in updates.shards])
        batches = ",".join(map(str, updates.n_batches))
        parts = (canonical(rule), state, canonical(updates.config), ids, batches)
        parts_of_state = map(canonical, updates.parts)
        own = ",".join([*updates.bases, *map(repr, updates.discounts), *parts_of_state])
        name = self._name("aggregate columns", *parts, str(updates.batch_size), own)
        self._configs[name] = updates.config
        return name

    def recipe(self, state: StateRef) -> Recipe:
        """The recipe of a state that this graph has named."""
        return self._recipes[state]

    def config(self, state: StateRef) -> TuningConfig:
        """The configuration of a state that this graph has named."""
        return self._configs[state]

    def pending(
        self, targets: Sequence[StateRef], is_made: Callable[[StateRef], bool]
    ) -> Iterator[StateRef]:
        """The states to make for the targets, parents first, starting at the nearest made ones.

        Not recursive, since a lineage can have thousands of rounds.
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
            f"alpha / rank must stay {old.scale:g} when LoRA grows, got {new.alpha:g} / {new.rank}"
        )
