"""Names of updates, and the order in which states are made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from learner.aggregation_rule import FedAvg, Mix
from learner.graph.recipes import RecipeGraph
from learner.spec import Adapter, LocalJob, Shard, StateRef, Update

CONFIG = Adapter(depth=1, width=8)


def job(client_id: int = 0, seed: int = 0) -> LocalJob:
    return LocalJob(
        shard=Shard(client_id=client_id, n_samples=4, digest=f"d{client_id}"),
        config=CONFIG,
        n_batches=1,
        batch_size=4,
        optimizer="sgd",
        lr=0.1,
        head_lr=0.1,
        seed=seed,
    )


def test_updates_are_named_by_job_and_base_but_not_by_weight_or_order() -> None:
    graph = RecipeGraph("context")
    base = graph.initial(CONFIG, 0)
    other = graph.initial(CONFIG, 1)
    one = Update(job=job(0), base=base, weight=1.0)
    two = Update(job=job(1), base=base, weight=1.0)
    name = graph.updates_name([one, two])
    assert graph.updates_name([two, one]) == name
    assert graph.updates_name([replace(one, weight=3.0), replace(two, discount=0.5)]) == name
    assert graph.updates_name([replace(one, job=job(0, seed=1)), two]) != name
    assert graph.updates_name([replace(one, base=other), two]) != name
    assert graph.updates_name([one]) != name


def test_an_aggregate_is_found_by_its_own_updates_alone() -> None:
    """Two rounds from one base by clients with other seeds: each finds its own state."""
    graph = RecipeGraph("context")
    base = graph.initial(CONFIG, 0)
    rounds = [[Update(job=job(0, seed=n), base=base, weight=1.0)] for n in range(2)]
    rule = Mix(kind="mix", alpha=0.5)
    made = [graph.aggregate(base, updates, rule) for updates in rounds]
    assert made[0] != made[1]
    assert [graph.aggregated(updates) for updates in rounds] == made
    new = [Update(job=job(7), base=base, weight=1.0)]
    assert graph.aggregated(new) == graph.aggregate(base, new, FedAvg())


def test_a_state_that_several_need_is_made_once_and_before_them() -> None:
    """`late` aggregates onto `second` an update from `first`: both need `first`, and so `base`."""
    graph = RecipeGraph("context")

    def after(parent: StateRef, base: StateRef, seed: int) -> StateRef:
        return graph.aggregate(parent, [Update(job=job(0, seed), base=base, weight=1.0)], FedAvg())

    base = graph.initial(CONFIG, 0)
    first = after(base, base, 1)
    second = after(first, first, 2)
    late = after(second, first, 3)
    other = after(first, base, 4)
    order = list(graph.pending([late, other, second], lambda state: False))
    assert order == [base, first, second, late, other]
    assert list(graph.pending([late], lambda state: state == first)) == [second, late]
    with pytest.raises(KeyError):
        graph.recipe(StateRef("never named"))
