"""Names of states: the digest of the recipe by which a state is made.

Two runs that need the same training therefore use the same name, even if their simulated times
differ (docs/adr/0002-recipes.md).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import cache
from hashlib import blake2b
from math import isclose
from operator import itemgetter
from typing import Any

from learner.aggregation_rule import AggregationRule
from learner.plan import is_part
from learner.ranges import require
from learner.spec import LocalJob, Lora, RoundUpdates, StateRef, TuningConfig, Update

LEARNER_EPOCH = 1
"""Increase it with every change that alters the results of training; old stored states are then not
found any more."""


@cache
def canonical(value: Any) -> str:
    """The canonical JSON of a frozen dataclass: sorted keys, no spaces, floats as repr, no NaN.

    Equal values have equal texts, also where a float is given as an int. Cached, since the same
    configurations and shards occur in thousands of recipes.
    """
    own = asdict(value) | {
        one.name: float(getattr(value, one.name)) for one in fields(value) if one.type == "float"
    }
    return json.dumps(own, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_text(*parts: str) -> str:
    """blake2b-128 of the parts, each followed by a zero byte so that different lists differ."""
    text = "\0".join(parts) + "\0" if parts else ""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def job_digest(job: LocalJob) -> str:
    """The digest of a job, built from cached texts of its shard and configuration."""
    norm = None if job.max_grad_norm is None else float(job.max_grad_norm)
    rates = f"{float(job.lr)} {float(job.head_lr)}"
    limits = f"{float(job.momentum)} {float(job.weight_decay)} {norm} {float(job.prox_mu)}"
    return digest_text(
        canonical(job.shard),
        canonical(job.config),
        f"{job.n_batches} {job.batch_size} {job.optimizer} {rates} {job.seed} {limits} "
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


class RecipeNames:
    """Names states of one run.

    `context` identifies what all recipes of a run share: the base model's revision and the data's
    digest. It is part of each name, like LEARNER_EPOCH.
    """

    def __init__(self, context: str) -> None:
        self._prefix = digest_text(str(LEARNER_EPOCH), context)

    def initial(self, config: TuningConfig, seed: int) -> StateRef:
        """The name of a new state."""
        return self._name("initial", canonical(config), str(seed))

    def adapt(
        self, state: StateRef, own: TuningConfig, config: TuningConfig, seed: int
    ) -> StateRef:
        """The grown state's name; the same name if the state, which has `own`, has this one.

        Raises ValueError if LoRA's alpha / rank would change.
        """
        if own == config:
            return state
        _require_same_scale(own, config)
        return self._name("adapt", state, canonical(config), str(seed))

    def restrict(self, state: StateRef, own: TuningConfig, config: TuningConfig) -> StateRef:
        """The name of a part of a state that has `own`; the same name if it is all of it.

        Raises ValueError if the configuration is no part of the state's.
        """
        if own == config:
            return state
        require(is_part(config, own), f"{config} is no part of {own}")
        return self._name("restrict", state, canonical(config))

    def aggregate(
        self, state: StateRef, updates: Sequence[Update], rule: AggregationRule
    ) -> tuple[StateRef, tuple[Update, ...], list[str]]:
        """The aggregated state's name, the updates in the recipe's order, and their digests.

        Raises ValueError if the updates belong to states of different configurations.
        """
        if len({update.job.state_config for update in updates}) != 1:
            raise ValueError("all updates of an aggregation must be of states of one configuration")
        keyed = sorted([(_order_key(update), update) for update in updates], key=itemgetter(0))
        ordered, digests = tuple(update for _, update in keyed), [key[2] for key, _ in keyed]
        parts = map(_update_text, digests, ordered)
        return self._name("aggregate", canonical(rule), state, *parts), ordered, digests

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
        return self._name("aggregate columns", *parts, str(updates.batch_size), own)

    def updates(self, updates: Sequence[Update], digests: Sequence[str]) -> str:
        """A name for ordered updates with these digests, without weights and rule."""
        pairs = zip(digests, updates, strict=True)
        return self._name("updates", *(f"{digest} {update.base}" for digest, update in pairs))

    def _name(self, *parts: str) -> StateRef:
        return StateRef(digest_text(self._prefix, *parts))


def _require_same_scale(old: TuningConfig, new: TuningConfig) -> None:
    if isinstance(old, Lora) and isinstance(new, Lora) and not isclose(old.scale, new.scale):
        raise ValueError(
            f"alpha / rank must stay {old.scale:g} when LoRA grows, got {new.alpha:g} / {new.rank}"
        )
