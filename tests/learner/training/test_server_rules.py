"""Server rules: results computed by hand, and with the real learner."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch

from learner.aggregation_rule import AggregationRule, FedAdam, FedAvg, FedAvgM, Mix
from learner.graph.recipes import Adapt, Aggregate, Initial, RecipeGraph
from learner.spec import Adapter, LocalJob, StateRef, Update
from learner.training.server_rules import ServerStep
from learner.training.torch_learner import TorchLearner

CONFIG = Adapter(depth=1, width=8)
X, OLD = StateRef("x"), StateRef("old")
RULES = [FedAvg(), FedAvgM(kind="fedavgm"), FedAdam(kind="fedadam"), Mix(kind="mix")]
Job = Callable[..., LocalJob]
State = Mapping[str, np.ndarray]


def values(*numbers: float) -> dict[str, np.ndarray]:
    return {"param.a": np.array(numbers, np.float32)}


def server(
    rule: AggregationRule,
    parents: Mapping[StateRef, State],
    *updates: tuple[Update, tuple[float, ...]],
) -> State:
    """The parent X after updates, each with the model that its client made."""
    recipe = Aggregate(rule=rule, parent=X, updates=tuple(update for update, _ in updates))
    step = ServerStep(recipe, parents, torch.device("cpu"))
    for update, model in updates:
        step.add(update, {"param.a": torch.tensor(model)})
    return step.result()


@pytest.fixture
def update(job: Job) -> Callable[..., Update]:
    def make(client: int = 0, base: StateRef = X, weight: float = 1.0, s: float = 1.0) -> Update:
        return Update(job=job(client, CONFIG), base=base, weight=weight, discount=s)

    return make


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_models_from_another_device_are_added_on_the_servers(
    rule: AggregationRule, update: Callable[..., Update]
) -> None:
    """After an exchange below 32 bits, models are on the CPU; torch's meta device needs no GPU."""
    step = ServerStep(
        Aggregate(rule=rule, parent=X, updates=(update(),)), {X: values(1.0)}, torch.device("meta")
    )
    step.add(update(), {"param.a": torch.tensor([1.0])})
    assert step._mean.mean()["param.a"].device.type == "meta"


def test_fedavg_of_changes_from_several_bases(update: Callable[..., Update]) -> None:
    parents = {X: values(8.0), OLD: values(4.0)}
    fresh, stale = update(0, X, 3.0), update(1, OLD, 1.0, 0.5)
    after = server(FedAvg(), parents, (fresh, (16.0,)), (stale, (6.0,)))
    # 8 + (3 x (16 - 8) + 1 x 0.5 x (6 - 4)) / 4
    assert after["param.a"] == 8.0 + 25.0 / 4.0


def test_fedavg_from_one_base_is_the_weighted_mean_of_models(
    update: Callable[..., Update],
) -> None:
    pairs = ((update(0, X, 3.0), (0.1,)), (update(1, X, 1.0), (0.7,)))
    after = server(FedAvg(), {X: values(1e8)}, *pairs)  # a parent that must leave no rounding
    exact = (3 * np.float64(np.float32(0.1)) + np.float64(np.float32(0.7))) / 4
    assert after["param.a"] == np.float32(exact)


def test_mix_moves_towards_the_model_by_alpha_times_the_discount(
    update: Callable[..., Update],
) -> None:
    parents = {X: values(8.0), OLD: values(4.0)}
    after = server(Mix(kind="mix", alpha=0.5), parents, (update(0, OLD, 7.0, 0.5), (16.0,)))
    assert after["param.a"] == 0.75 * 8.0 + 0.25 * 16.0  # where the client began is no matter


def test_server_momentum_keeps_its_slot(update: Callable[..., Update]) -> None:
    rule = FedAvgM(kind="fedavgm", lr=0.5, momentum=0.5)
    one = server(rule, {X: values(0.0)}, (update(), (4.0,)))
    assert (one["param.a"].item(), one["server.m.a"].item()) == (2.0, 4.0)
    two = server(rule, {X: one}, (update(), (4.0,)))
    assert (two["server.m.a"].item(), two["param.a"].item()) == (0.5 * 4 + 2, 2 + 0.5 * 4)


def test_server_adam_by_hand(update: Callable[..., Update]) -> None:
    rule = FedAdam(kind="fedadam", lr=1.0, beta1=0.5, beta2=0.75, tau=1.0)
    one = server(rule, {X: values(0.0)}, (update(), (4.0,)))
    assert (one["server.m.a"].item(), one["server.v.a"].item()) == (2.0, 4.0)
    assert one["param.a"] == np.float32(2 / 3)  # 2 / (sqrt(4) + 1)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
def test_every_rule_trains_and_grows(
    rule: AggregationRule, trainer: TorchLearner, job: Job
) -> None:
    base = trainer.make(Initial(config=CONFIG, seed=1), {})
    updates = tuple(Update(job=job(client, CONFIG), base=X, weight=5.0) for client in (0, 1))
    after = trainer.make(Aggregate(rule=rule, parent=X, updates=updates), {X: base})
    assert not np.array_equal(after["param.head.weight"], base["param.head.weight"])
    large = Adapter(depth=2, width=16)
    grown = trainer.make(Adapt(parent=X, config=large, seed=2), {X: after})
    assert all(np.array_equal(grown[name], value) for name, value in after.items())
    slots = {name for name in grown if name.startswith("server.")}
    kinds = {name.split(".")[1] for name in slots}
    assert kinds == {"fedavgm": {"m"}, "fedadam": {"m", "v"}}.get(rule.kind, set())
    assert len(slots) == len(kinds) * (len(grown) - len(slots))
    assert not any(grown[name].any() for name in slots - set(after))
    again = tuple(Update(job=job(client, large), base=X, weight=5.0) for client in (0, 1))
    assert set(trainer.make(Aggregate(rule=rule, parent=X, updates=again), {X: grown})) == set(
        grown
    )
    assert trainer.evaluate(grown, large, "test").n_examples == 21


def test_mix_of_one_with_one_client_is_local_training(trainer: TorchLearner, job: Job) -> None:
    base = trainer.make(Initial(config=CONFIG, seed=1), {})
    update = Update(job=job(0, CONFIG), base=X, weight=12.0)
    mixed, mean = (
        trainer.make(Aggregate(rule=rule, parent=X, updates=(update,)), {X: base})
        for rule in (Mix(kind="mix", alpha=1.0), FedAvg())
    )
    assert all(np.array_equal(mixed[name], value) for name, value in mean.items())


def test_the_order_of_arrival_names_nothing(update: Callable[..., Update]) -> None:
    graph = RecipeGraph("test")
    base = graph.initial(CONFIG, 1)
    updates = [update(2, base), update(1, base, 1.0, 0.5), update(1, base), update(1, base)]
    states = {graph.aggregate(base, order, FedAvg()) for order in (updates, updates[::-1])}
    assert len(states) == 1
    plain = [update(2, base), update(1, base), update(1, base), update(1, base)]
    assert graph.aggregate(base, plain, FedAvg()) not in states  # a discount is part of the name


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Mix(kind="mix", alpha=0.0), "alpha must be above 0 and at most 1, got 0.0"),
        (lambda: FedAvgM(kind="fedavgm", momentum=1.0), "momentum must be at least 0 and below 1"),
        (lambda: FedAdam(kind="fedadam", tau=0.0), "tau must be above 0, got 0.0"),
    ],
)
def test_rules_refuse_values_that_cannot_work(make: Callable[[], object], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        make()
