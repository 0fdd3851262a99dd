"""CurveLearner: accuracy from a given learning curve instead of training.

For engine tests and time-only studies. Nothing is trained; all outputs of such runs say so.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from learner.aggregation_rule import AggregationRule, Mix
from learner.spec import Evaluation, Feedback, RoundUpdates, StateRef, TuningConfig, Update

from .names import RecipeNames

Curve = Callable[[float], float]
"""From the number of samples trained in a lineage to the accuracy in [0, 1]."""

_N_EXAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturating:
    """floor + (ceiling - floor) (1 - exp(-samples / scale_samples))."""

    floor: float
    ceiling: float
    scale_samples: float

    def __call__(self, samples: float) -> float:
        gap = self.ceiling - self.floor
        return self.floor - gap * math.expm1(-samples / self.scale_samples)


@dataclass(frozen=True, slots=True)
class Tabulated:
    """Linear between (samples, accuracy) points in increasing order; constant outside them."""

    points: tuple[tuple[float, float], ...]

    def __call__(self, samples: float) -> float:
        i = bisect_right(self.points, (samples, math.inf))
        if i == 0:
            return self.points[0][1]
        if i == len(self.points):
            return self.points[-1][1]
        (x0, y0), (x1, y1) = self.points[i - 1], self.points[i]
        return y0 + (y1 - y0) * (samples - x0) / (x1 - x0)


class CurveState(str):
    """The name of a state, with its configuration and its effective samples.

    The learner keeps no table of states, so a state takes memory only while somebody has its name:
    a run of a million rounds needs no more than one of a thousand.
    """

    __slots__ = ("config", "samples")

    config: TuningConfig
    samples: float

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


class CurveLearner:
    """A Learner that counts the effective samples of each state.

    A sample counts as the discount of its update, under `mix` times alpha. The states given to it
    must be those that it returned, not texts that are equal to them.
    """

    trainings = 0
    store_hits = 0

    def __init__(self, context: str, curve: Curve) -> None:
        self._names = RecipeNames(context)
        self._curve = curve

    def initial(self, config: TuningConfig, seed: int) -> StateRef:
        return _state(self._names.initial(config, seed), config, 0.0)

    def adapt(self, state: StateRef, config: TuningConfig, seed: int) -> StateRef:
        own = _own(state)
        return _state(self._names.adapt(state, own.config, config, seed), config, own.samples)

    def restrict(self, state: StateRef, config: TuningConfig) -> StateRef:
        own = _own(state)
        return _state(self._names.restrict(state, own.config, config), config, own.samples)

    def aggregate(
        self, state: StateRef, updates: Sequence[Update], rule: AggregationRule
    ) -> StateRef:
        if not updates:
            return state
        share = rule.alpha if isinstance(rule, Mix) else 1.0
        if isinstance(updates, RoundUpdates):
            name, config = self._names.aggregate_by_columns(state, updates, rule), updates.config
            trained = _samples_of_columns(updates)
        else:
            name, _, _ = self._names.aggregate(state, updates, rule)
            trained = sum(_trained_samples(update) for update in updates)
            config = updates[0].job.state_config
        return _state(name, config, _own(state).samples + share * trained)

    def evaluate(self, states: Sequence[StateRef], split: str) -> list[Evaluation]:
        """The curve's accuracy, rounded to 1/1000, like a score on 1000 examples."""
        return [self._evaluation(state) for state in states]

    def example_losses(self, states: Sequence[StateRef], split: str) -> list[tuple[float, ...]]:
        """The curve's loss for every example."""
        return [(one.loss,) * one.n_examples for one in self.evaluate(states, split)]

    def feedback(self, updates: Sequence[Update]) -> list[Feedback]:
        """The curve's loss at each client's base; clients with one base have the same loss."""
        if isinstance(updates, RoundUpdates):
            bases = updates.bases or (updates.base,) * len(updates)
        else:
            bases = [update.base for update in updates]
        feedback = {base: self._feedback(base) for base in dict.fromkeys(bases)}
        return [feedback[base] for base in bases]

    def _feedback(self, state: StateRef) -> Feedback:
        loss = self._evaluation(state).loss
        return Feedback(mean_loss=loss, rms_loss=loss)

    def _evaluation(self, state: StateRef) -> Evaluation:
        share = min(1.0, max(0.0, self._curve(_own(state).samples)))
        return _evaluation(round(_N_EXAMPLES * share))


@cache
def _evaluation(n_correct: int) -> Evaluation:
    """The score of a state with so many correct examples; all such states share it."""
    bitmap = (1 << _N_EXAMPLES) - (1 << (_N_EXAMPLES - n_correct))
    accuracy = n_correct / _N_EXAMPLES
    return Evaluation(
        accuracy=accuracy,
        macro_f1=accuracy,
        loss=-math.log(max(accuracy, 1 / _N_EXAMPLES)),
        n_examples=_N_EXAMPLES,
        correct=f"{bitmap:0{_N_EXAMPLES // 4}x}",
    )


def _state(name: StateRef, config: TuningConfig, samples: float) -> StateRef:
    state = CurveState(name)
    state.config, state.samples = config, samples
    return StateRef(state)


def _own(state: StateRef) -> CurveState:
    """What this learner has attached to the name that it gave."""
    assert isinstance(state, CurveState)
    return state


def _trained_samples(update: Update) -> float:
    job = update.job
    return job.n_batches * job.batch_size * update.discount


def _samples_of_columns(updates: RoundUpdates) -> float:
    n_batches = updates.n_batches
    if not updates.discounts:
        return float(sum(n_batches) * updates.batch_size)
    pairs = zip(n_batches, updates.discounts, strict=True)
    return updates.batch_size * sum(n * discount for n, discount in pairs)
