"""Clients that train parts of one state: their training, and the server's average over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from learner.aggregation_rule import AggregationRule, FedAdam, FedAvg, FedAvgM, Mix
from learner.graph.recipes import Aggregate, Initial, Restrict
from learner.spec import Adapter, Freeze, LocalJob, Lora, StateRef, TuningConfig, Update
from learner.training.server_rules import ServerStep
from learner.training.torch_learner import TorchLearner
from learner.tuning.parameters import cropped

State = Mapping[str, np.ndarray]
Job = Callable[..., LocalJob]
X, OLD, BASE = StateRef("x"), StateRef("old"), StateRef("base")

PAIRS: list[tuple[TuningConfig, TuningConfig]] = [
    (Adapter(depth=1, width=8), Adapter(depth=2, width=16)),
    (Adapter(depth=0, width=8), Adapter(depth=1, width=8)),
    (Lora(depth=1, rank=2, alpha=8), Lora(depth=2, rank=4, alpha=16)),
    (Freeze(depth=1), Freeze(depth=2)),
]


def moved(trainer: TorchLearner, config: TuningConfig) -> dict[str, np.ndarray]:
    """A state of a configuration in which no tensor is zero."""
    rng = np.random.default_rng(0)
    state = trainer.make(Initial(config=config, seed=1), {})
    return {
        name: value + rng.normal(0, 0.02, value.shape).astype(np.float32)
        for name, value in state.items()
    }


@pytest.mark.parametrize(("part", "whole"), PAIRS, ids=str)
def test_a_client_that_runs_its_part_trains_as_if_the_rest_did_not_exist(
    part: TuningConfig, whole: TuningConfig, trainer: TorchLearner, job: Job
) -> None:
    state = moved(trainer, whole)
    alone = job(0, part)
    (as_part,) = trainer.train([update_of(replace(alone, whole=whole))], {BASE: state})
    shapes = {name: tensor.shape for name, tensor in as_part.params.items()}
    (by_itself,) = trainer.train([update_of(alone)], {BASE: cropped(state, shapes)})
    assert set(as_part.params) == set(by_itself.params)
    for name, tensor in by_itself.params.items():
        assert torch.equal(as_part.params[name], tensor), name
    assert as_part.feedback == by_itself.feedback


@pytest.mark.parametrize(("part", "whole"), PAIRS, ids=str)
def test_a_client_that_runs_the_whole_state_moves_its_part_as_all_of_it_would_move(
    part: TuningConfig, whole: TuningConfig, trainer: TorchLearner, job: Job
) -> None:
    """The first step of SGD: the gradients of the part are those of training everything."""
    state = moved(trainer, whole)
    rules = {"n_batches": 1, "optimizer": "sgd"}
    (as_part,) = trainer.train(
        [update_of(job(0, part, whole=whole, runs="whole", **rules))], {BASE: state}
    )
    (as_whole,) = trainer.train([update_of(job(0, whole, **rules))], {BASE: state})
    assert as_part.feedback.mean_loss == pytest.approx(as_whole.feedback.mean_loss, rel=1e-6)
    for name, tensor in as_part.params.items():
        own = tuple(slice(n) for n in tensor.shape)
        torch.testing.assert_close(tensor, as_whole.params[name][own], rtol=1e-5, atol=1e-7)
        has_gradient = not name.endswith("key.bias")  # a softmax does not depend on it
        assert np.array_equal(tensor.numpy(), state[name][own]) != has_gradient, name
    if not isinstance(whole, Freeze):
        sent = sum(tensor.numel() for tensor in as_part.params.values())
        assert sent < sum(value.size for value in state.values())


def test_clients_of_one_pass_are_those_who_train_alike(trainer: TorchLearner, job: Job) -> None:
    """Together or one by one, a client's result is the same up to rounding."""
    part, whole = PAIRS[0]
    state = moved(trainer, whole)
    jobs = [job(client, part, whole=whole, runs="whole") for client in (0, 2, 4)]
    together = trainer.train([update_of(one) for one in jobs], {BASE: state})
    for one, own in zip(jobs, together, strict=True):
        (alone,) = trainer.train([update_of(one)], {BASE: state})
        for name, tensor in alone.params.items():
            torch.testing.assert_close(tensor, own.params[name], rtol=1e-4, atol=1e-6)


def update_of(job: LocalJob) -> Update:
    return Update(job=job, base=BASE, weight=1.0)


# The server's average. The state x has a vector a and a LoRA factor b of rank 2.
WHOLE, HALF, HEAD = Lora(depth=2, rank=2), Lora(depth=2, rank=1, alpha=8), Lora(depth=0, rank=2)


def state_of(a: float, *b: float) -> dict[str, np.ndarray]:
    return {"param.a": np.array([a], np.float32), "param.b": np.array(b, np.float32)[:, None]}


def aggregated(
    rule: AggregationRule, job: Job, before: State, *models: tuple[TuningConfig, float, State]
) -> State:
    """The state after updates of (what was trained, weight, model) from `before`."""
    updates = tuple(
        Update(job=job(i, config, whole=WHOLE), base=X, weight=weight)
        for i, (config, weight, _) in enumerate(models)
    )
    recipe = Aggregate(rule=rule, parent=X, updates=updates)
    step = ServerStep(recipe, {X: before}, torch.device("cpu"))
    for update, (*_, model) in zip(updates, models, strict=True):
        step.add(update, {name: torch.tensor(value) for name, value in model.items()})
    return step.result()


def test_each_number_is_averaged_over_those_who_trained_it(job: Job) -> None:
    half = {"param.a": np.array([4.0], np.float32), "param.b": np.array([[7.0]], np.float32)}
    after = aggregated(
        FedAvg(), job, state_of(0, 1, 2), (WHOLE, 1.0, state_of(2, 4, 6)), (HALF, 3.0, half)
    )
    assert after["param.a"].tolist() == [(2 + 3 * 4) / 4]
    assert after["param.b"].tolist() == [[(4 + 3 * 7) / 4], [6.0]]


@pytest.mark.parametrize(
    "rule",
    [FedAvg(), FedAvgM(kind="fedavgm"), FedAdam(kind="fedadam"), Mix(kind="mix", alpha=0.5)],
    ids=str,
)
def test_what_nobody_trained_stays_with_its_server_slots(rule: AggregationRule, job: Job) -> None:
    before = state_of(0, 1, 2) | {
        "server.m.a": np.array([0.5], np.float32),
        "server.m.b": np.array([[0.5], [0.25]], np.float32),
        "server.v.a": np.array([0.5], np.float32),
        "server.v.b": np.array([[0.5], [0.25]], np.float32),
    }
    half = {"param.a": np.array([4.0], np.float32), "param.b": np.array([[7.0]], np.float32)}
    after = aggregated(rule, job, before, (HALF, 3.0, half))
    assert after["param.b"][1] == 2.0
    assert after["param.b"][0] > 1.0
    assert after["param.a"][0] > 0.0
    for kind in ("m", "v"):
        assert after.get(f"server.{kind}.b", np.array([[0], [0.25]]))[1] == 0.25


def test_a_rule_that_mixes_moves_each_number_by_those_who_trained_it(job: Job) -> None:
    """x + alpha (mean of models - x), the mean of b's first row over one client."""
    head = {"param.a": np.array([8.0], np.float32)}
    half = {"param.a": np.array([4.0], np.float32), "param.b": np.array([[7.0]], np.float32)}
    after = aggregated(
        Mix(kind="mix", alpha=0.5), job, state_of(0, 1, 2), (HEAD, 1.0, head), (HALF, 1.0, half)
    )
    assert after["param.a"].tolist() == [0.5 * 6]
    assert after["param.b"].tolist() == [[1 + 0.5 * 6], [2.0]]


def test_changes_from_an_older_state_are_added_where_they_were_made(job: Job) -> None:
    """x + s (y - r), with the older base r of a client that trained half of b."""
    recipe_update = Update(job=job(0, HALF, whole=WHOLE), base=OLD, weight=2.0, discount=0.5)
    recipe = Aggregate(rule=FedAvg(), parent=X, updates=(recipe_update,))
    parents = {X: state_of(1, 1, 1), OLD: state_of(0, 0, 0)}
    step = ServerStep(recipe, parents, torch.device("cpu"))
    step.add(recipe_update, {"param.a": torch.tensor([4.0]), "param.b": torch.tensor([[6.0]])})
    after = step.result()
    assert after["param.a"].tolist() == [3.0]
    assert after["param.b"].tolist() == [[4.0], [1.0]]


def test_all_parts_equal_to_the_whole_give_the_bytes_of_one_configuration(
    trainer: TorchLearner, job: Job, round_of: Callable[..., Aggregate]
) -> None:
    whole = Adapter(depth=2, width=8)
    state = trainer.make(Initial(config=whole, seed=1), {})
    jobs = [job(client, whole) for client in range(3)]
    plain = trainer.make(round_of(*jobs), {BASE: state})
    as_parts = trainer.make(round_of(*(replace(one, whole=whole) for one in jobs)), {BASE: state})
    for name, value in plain.items():
        np.testing.assert_allclose(as_parts[name], value, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("part", "whole"), PAIRS, ids=str)
def test_a_restricted_state_is_the_part_with_its_slots(
    part: TuningConfig, whole: TuningConfig, trainer: TorchLearner
) -> None:
    state = moved(trainer, whole)
    with_slots = state | {
        name.replace("param.", "server.m."): value + 1 for name, value in state.items()
    }
    recipe = Restrict(parent=X, config=part)
    after = trainer.make(recipe, {X: with_slots})
    fresh = trainer.make(Initial(config=part, seed=2), {})
    assert {n for n in after if n.startswith("param.")} == set(fresh)
    for name, value in fresh.items():
        own = tuple(slice(n) for n in value.shape)
        assert np.array_equal(after[name], state[name][own])
        assert np.array_equal(after[name.replace("param.", "server.m.")], state[name][own] + 1)
    trainer.evaluate(after, part, "test")


def test_example_losses_have_the_mean_of_the_evaluation(trainer: TorchLearner) -> None:
    config = Adapter(depth=1, width=8)
    state = moved(trainer, config)
    losses = trainer.example_losses(state, config, "validation")
    evaluation = trainer.evaluate(state, config, "validation")
    assert len(losses) == evaluation.n_examples == 20
    assert np.mean(losses) == pytest.approx(evaluation.loss, rel=1e-6)
    assert min(losses) > 0.0
