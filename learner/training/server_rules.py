"""Server aggregation: a weighted mean of models, then the step of the aggregation rule.

With parent state x, updates (model y, base b, weight n, discount s) and N the sum of all n, every
rule starts from

    mean = x + (1 / N) sum n s (y - r)

where r = b; under mix, r = x and s is multiplied by alpha. The coefficients of all models sum to 1,
so this is a weighted mean of models. If all bases are x and all discounts are 1, it is exactly the
mean of the clients' models.

Where clients train parts of the state, this holds for each number with the clients that trained it.
A number that nobody trained stays as it is, and so do its server slots.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from learner.aggregation_rule import AggregationRule, FedAdam, FedAvgM, Mix
from learner.graph.recipes import Aggregate
from learner.graph.trainer import FeedbackSink
from learner.spec import Feedback, StateRef, TuningConfig, Update
from learner.state import State
from learner.tuning.parameters import MOMENT, SQUARES, cropped, slot_name, trainables

from .averaging import MeanOfParts, WeightedMean, rounded
from .local import Trained


def server_step(
    recipe: Aggregate,
    parents: Mapping[StateRef, State],
    trained: Iterable[Trained],
    device: torch.device,
    on_feedback: FeedbackSink,
) -> State:
    """The aggregated state with server slots; `trained` must be in the recipe's order."""
    step, feedback = ServerStep(recipe, parents, device), list[Feedback]()
    for update, client in zip(recipe.updates, trained, strict=True):
        step.add(update, client.params)
        feedback.append(client.feedback)
    on_feedback(feedback)
    return step.result()


class ServerStep:
    """One aggregation, to which the clients' models are added in the recipe's order.

    `parents` must have the parent and all bases.
    """

    def __init__(
        self, recipe: Aggregate, parents: Mapping[StateRef, State], device: torch.device
    ) -> None:
        self._recipe, self._parents, self._device = recipe, parents, device
        self._shapes: dict[TuningConfig, Mapping[str, Sequence[int]]] = {}
        has_parts = any(update.job.whole is not None for update in recipe.updates)
        before = trainables(parents[recipe.parent])
        self._mean = MeanOfParts(self._exact_all(before)) if has_parts else WeightedMean()

    def add(self, update: Update, model: Mapping[str, Tensor]) -> None:
        """Add a client's model, which may be on another device."""
        own = {name: tensor.to(self._device) for name, tensor in model.items()}
        self._shapes[update.job.config] = {name: tensor.shape for name, tensor in own.items()}
        self._mean.add(_share(self._recipe.rule, update), own)

    def result(self) -> State:
        """The new state with server slots."""
        for config, weights in references(self._recipe).items():
            for state, weight in weights.items():
                part = cropped(trainables(self._parents[state]), self._shapes[config])
                self._mean.add(weight, self._exact_all(part))
        rule = self._recipe.rule
        if isinstance(rule, FedAvgM | FedAdam):
            return self._moved(rule, self._parents[self._recipe.parent])
        return self._mean.result()

    def _moved(self, rule: FedAvgM | FedAdam, before: State) -> State:
        after: dict[str, np.ndarray] = {}
        for name, target in self._mean.mean().items():
            start = self._exact(before[name])
            slots = {
                kind: self._exact(before.get(slot_name(kind, name), np.zeros(1)))
                for kind in (MOMENT, SQUARES)
            }
            step, kept = _step(rule, target - start, slots)
            values = {name: (start, start + step)}
            values |= {slot_name(kind, name): (slots[kind], slot) for kind, slot in kept.items()}
            for key, (old, new) in values.items():
                if isinstance(self._mean, MeanOfParts):
                    new = torch.where(self._mean.has_changed(name), new, old)
                after[key] = rounded(new)
        return after

    def _exact_all(self, params: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
        return {name: self._exact(value) for name, value in params.items()}

    def _exact(self, value: np.ndarray) -> Tensor:
        return torch.tensor(value, dtype=torch.float64, device=self._device)


def references(recipe: Aggregate) -> dict[TuningConfig, dict[StateRef, float]]:
    """By what the clients trained: the nonzero weights of the parent and the bases in its mean."""
    by_part: dict[TuningConfig, list[Update]] = {}
    for update in recipe.updates:
        by_part.setdefault(update.job.config, []).append(update)
    return {part: _references(recipe, updates) for part, updates in by_part.items()}


def _references(recipe: Aggregate, updates: Sequence[Update]) -> dict[StateRef, float]:
    whole = sum(update.weight for update in updates)
    weights: defaultdict[StateRef, float] = defaultdict(float, {recipe.parent: whole})
    for update in updates:
        origin = recipe.parent if isinstance(recipe.rule, Mix) else update.base
        weights[origin] -= _share(recipe.rule, update)
    # A tiny remainder of the subtractions is a rounding error, not a weight.
    return {state: weight for state, weight in weights.items() if abs(weight) > 1e-12 * whole}


def _share(rule: AggregationRule, update: Update) -> float:
    share = update.weight * update.discount
    return rule.alpha * share if isinstance(rule, Mix) else share


def _step(
    rule: FedAvgM | FedAdam, change: Tensor, slots: Mapping[str, Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    """The change of the state, and the new values of the slots."""
    if isinstance(rule, FedAvgM):
        moment = rule.momentum * slots[MOMENT] + change
        return rule.lr * moment, {MOMENT: moment}
    moment = rule.beta1 * slots[MOMENT] + (1.0 - rule.beta1) * change
    squares = rule.beta2 * slots[SQUARES] + (1.0 - rule.beta2) * change**2
    step = rule.lr * moment / (squares.sqrt() + rule.tau)
    return step, {MOMENT: moment, SQUARES: squares}
