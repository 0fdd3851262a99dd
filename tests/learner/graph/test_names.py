"""Names of states, spelled out: they are the keys of stored files, so they must not change."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from typing import Any

import pytest

from learner.aggregation_rule import FedAvg, Mix
from learner.graph.names import LEARNER_EPOCH, RecipeNames, canonical, job_digest, ordered_updates
from learner.graph.recipes import Adapt, Aggregate, Initial, RecipeGraph, Restrict
from learner.spec import Adapter, LocalJob, Lora, RoundUpdates, Shard, StateRef, Update

CONFIG, WIDE = Adapter(depth=1, width=8), Adapter(depth=2, width=16)
CONFIG_TEXT = '{"depth":1,"kind":"adapter","width":8}'
WIDE_TEXT = '{"depth":2,"kind":"adapter","width":16}'
BASE, OTHER = StateRef("b" * 32), StateRef("a" * 32)
NAMES = RecipeNames("context")


def digest(*parts: str) -> str:
    """blake2b with 16 bytes of the parts, a zero byte after each."""
    return blake2b("".join(f"{part}\0" for part in parts).encode(), digest_size=16).hexdigest()


PREFIX = digest(str(LEARNER_EPOCH), "context")


def job(client_id: int = 2, **changes: Any) -> LocalJob:
    own = LocalJob(
        shard=Shard(client_id=client_id, n_samples=4, digest="d"),
        config=CONFIG,
        n_batches=3,
        batch_size=4,
        optimizer="sgd",
        lr=0.1,
        head_lr=0.2,
        seed=7,
    )
    return replace(own, **changes)


def update(
    client_id: int = 2, *, weight: float = 4.0, discount: float = 1.0, **changes: Any
) -> Update:
    return Update(job=job(client_id, **changes), base=BASE, weight=weight, discount=discount)


JOB = (
    '{"client_id":2,"digest":"d","n_samples":4}',
    CONFIG_TEXT,
    "3 4 sgd 0.1 0.2 7 0.0 0.0 None 0.0 constant 32 32",
)


def test_a_job_is_its_shard_configuration_and_numbers() -> None:
    assert job_digest(job()) == digest(*JOB)
    in_part = job(whole=WIDE, runs="whole")
    assert job_digest(in_part) == digest(*JOB, WIDE_TEXT, "whole")


def test_numbers_that_are_equal_have_one_name() -> None:
    """In either order, since texts of configurations are cached."""
    mixed = update(config=Lora(depth=1, rank=4, alpha=16), lr=1, momentum=0, max_grad_norm=1)
    plain = update(config=Lora(depth=1, rank=4), lr=1.0, momentum=0.0, max_grad_norm=1.0)
    assert job_digest(mixed.job) == job_digest(plain.job)
    for alpha in (1, 1.0):
        name, *_ = NAMES.aggregate(BASE, [plain], Mix(kind="mix", alpha=alpha))
        assert name == NAMES.aggregate(BASE, [mixed], Mix(kind="mix", alpha=1.0))[0]
    assert canonical(Mix(kind="mix", alpha=1)) == '{"alpha":1.0,"kind":"mix"}'


def test_every_name_begins_with_the_epoch_and_the_context() -> None:
    prefix = digest(str(LEARNER_EPOCH), "another")
    name = RecipeNames("another").initial(CONFIG, 3)  # made here, not when the file is imported
    assert name == digest(prefix, "initial", CONFIG_TEXT, "3")


def test_a_grown_state_is_named_by_the_seed_of_its_new_weights() -> None:
    graph = RecipeGraph("context")
    first = graph.initial(CONFIG, 3)
    grown = graph.adapt(first, WIDE, 5)
    assert grown == digest(PREFIX, "adapt", first, WIDE_TEXT, "5")
    assert grown != graph.adapt(first, WIDE, 6)


def test_a_new_state_is_its_configuration_and_seed() -> None:
    assert NAMES.initial(CONFIG, 3) == digest(PREFIX, "initial", CONFIG_TEXT, "3")


def test_a_grown_or_restricted_state_is_its_parent_and_configuration() -> None:
    assert NAMES.adapt(BASE, CONFIG, WIDE, 3) == digest(PREFIX, "adapt", BASE, WIDE_TEXT, "3")
    assert NAMES.restrict(BASE, WIDE, CONFIG) == digest(PREFIX, "restrict", BASE, CONFIG_TEXT)
    assert NAMES.adapt(BASE, CONFIG, CONFIG, 3) == BASE
    assert NAMES.restrict(BASE, CONFIG, CONFIG) == BASE
    with pytest.raises(ValueError, match=r"\(2, 16\) is no part of \(1, 8\)"):
        NAMES.restrict(BASE, CONFIG, WIDE)


def test_lora_grows_at_one_scale() -> None:
    old, new = Lora(depth=1, rank=2, alpha=4.0), Lora(depth=2, rank=4, alpha=8.0)
    assert NAMES.adapt(BASE, old, new, 0) != BASE
    with pytest.raises(ValueError, match="alpha / rank must stay 2 when LoRA grows, got 4 / 4"):
        NAMES.adapt(BASE, old, replace(new, alpha=4.0), 0)


def test_an_aggregate_is_its_rule_parent_and_updates_in_order() -> None:
    rule, late = Mix(kind="mix", alpha=0.5), update(5, discount=0.25)
    name, ordered, digests = NAMES.aggregate(OTHER, [late, update(2)], rule)
    assert [one.job.shard.client_id for one in ordered] == [2, 5]
    assert digests == [job_digest(one.job) for one in ordered]
    texts = f"{digests[0]} {BASE} 4.0", f"{digests[1]} {BASE} 4.0 0.25"
    assert name == digest(PREFIX, "aggregate", '{"alpha":0.5,"kind":"mix"}', OTHER, *texts)
    told = (f"{one} {BASE}" for one in digests)
    assert NAMES.updates(ordered, digests) == digest(PREFIX, "updates", *told)
    with pytest.raises(ValueError, match="must be of states of one configuration"):
        NAMES.aggregate(OTHER, [update(1), update(2, config=WIDE)], rule)


def test_updates_are_ordered_by_what_they_train_then_client_then_job() -> None:
    part: dict[str, Any] = {"whole": WIDE, "runs": "part"}
    runs: dict[str, Any] = {"whole": WIDE, "runs": "whole"}
    deep: dict[str, Any] = {"config": Adapter(depth=2, width=8), "whole": WIDE}
    given = [update(1, **runs), update(9), update(1, **deep), update(1, **part), update(0, **part)]
    assert ordered_updates(given) == [given[1], given[4], given[3], given[0], given[2]]
    twice = [update(3, seed=seed) for seed in range(4)]
    assert ordered_updates(twice) == sorted(twice, key=lambda one: job_digest(one.job))
    lighter = [update(3, weight=5.0), update(3, weight=4.0)]
    assert ordered_updates(lighter) == lighter[::-1]


def test_updates_in_columns_are_named_by_clients_and_not_by_seeds() -> None:
    updates = RoundUpdates(
        base=BASE,
        config=WIDE,
        shards=[job(1).shard, job(4).shard],
        n_batches=[3, 5],
        batch_size=4,
        make=lambda i: update(i),
        parts=[CONFIG, WIDE],
        bases=[BASE, OTHER],
        discounts=[1.0, 0.5],
    )
    own = f"{BASE},{OTHER},1.0,0.5,{CONFIG_TEXT},{WIDE_TEXT}"
    expected = (PREFIX, "aggregate columns", '{"kind":"fedavg"}', OTHER, WIDE_TEXT)
    assert NAMES.aggregate_by_columns(OTHER, updates, FedAvg()) == digest(
        *expected, "1,4", "3,5", "4", own
    )


def test_a_graph_keeps_the_recipe_of_every_name() -> None:
    graph = RecipeGraph("context")
    first = graph.initial(CONFIG, 3)
    grown = graph.adapt(first, WIDE, 5)
    part = graph.restrict(grown, CONFIG)
    rule, late = Mix(kind="mix", alpha=0.5), replace(update(whole=WIDE), base=grown)
    whole = graph.aggregate(grown, [late], rule)
    assert graph.recipe(first) == Initial(config=CONFIG, seed=3)
    assert graph.recipe(grown) == Adapt(parent=first, config=WIDE, seed=5)
    assert graph.recipe(part) == Restrict(parent=grown, config=CONFIG)
    assert graph.recipe(whole) == Aggregate(rule=rule, parent=grown, updates=(late,))
    assert [graph.config(state) for state in (first, grown, part, whole)] == [
        CONFIG, WIDE, CONFIG, WIDE,
    ]  # fmt: skip
    assert graph.adapt(grown, WIDE, 9) == grown
    assert graph.restrict(grown, WIDE) == grown
    assert graph.aggregate(grown, [], rule) == grown
    assert graph.recipe(grown) == Adapt(parent=first, config=WIDE, seed=5)
