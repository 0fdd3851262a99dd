"""Forecast: depth by device, chosen and revised by how fast it is expected to lower the loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Literal

from learner.plan import Tiers, TuningPlan, parts_of
from learner.ranges import require, require_above_0, require_at_least, require_at_least_or_null
from learner.spec import Adapter, Lora, Runs, tuned_depth

from .depth_prior import FIRST_ROUNDS, DepthPrior, PriorTask, depth_prior
from .learning_curve import LEAST_POINTS, LearningCurve, fit_learning_curve
from .protocol import Branch, BranchScore, Choose, Costs, Rounds, Trial, TrialResult

_STATE = "state"
_LEAST = 1e-6  # of seconds, and of what is left
_LIMITS = (0.01, 0.5, 0.7, 0.85, 1.0)
"""How long a client's job may take if it trains more than the shallowest depth, over the expected
slowest of a cohort that trains the shallowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Trains the plan that should lower the validation loss most in a simulated second.

    The state has the configuration `deepest`. In a plan, each client trains the largest depth, from
    a shallowest one on, whose expected job keeps a limit: a share of the round in which everybody
    trains the shallowest. Which depth and which share are chosen anew. What a depth gains in a
    round, over `deepest`, is known from other tasks (`prior`), and falls towards the end of the
    curve. A round's length is that expected for a random cohort, corrected by the rounds that were
    held.

    Every `look_rounds` rounds, a learning curve is fitted to the validation losses of the current
    plan. Another plan is taken if it should lower the loss at least `gain` times as fast, and
    faster wherever in its interval (`confidence`, 0-1) the curve's end lies. There are no trials.

    `runs`, `most_batches`: as in learner.plan.Tiers.
    """

    kind: Literal["forecast"] = "forecast"
    deepest: Adapter | Lora
    look_rounds: int = 8
    gain: float = 1.1
    confidence: float = 0.8
    prior: tuple[PriorTask, ...] = ("trec", "20ng", "conll")
    runs: Runs = "part"
    most_batches: int | None = None

    def __post_init__(self) -> None:
        require_at_least(1, look_rounds=self.look_rounds)
        require_above_0(gain=self.gain)
        require_at_least_or_null(1, most_batches=self.most_batches)
        is_chance = 0.0 < self.confidence < 1.0
        require(is_chance, f"confidence must be above 0 and below 1, got {self.confidence}")
        require(self.deepest.depth >= 1, "deepest.depth must be at least 1, got 0")
        require(bool(self.prior), "prior must name at least one task")

    def initial(self) -> TuningPlan:
        return self.deepest

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        if history:
            plan = self._revised(history, costs)
        else:
            plan = max(self.plans(costs), key=partial(self.gain_per_s, costs, 1.0, AS_EXPECTED))
        return Trial(
            branches=(Branch(name="by device", plan=plan),),
            views=(Branch(name=_STATE, plan=self.deepest),),
            budget=Rounds(self.look_rounds),
        )

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        return Choose(_STATE)

    def _revised(self, history: Sequence[TrialResult], costs: Costs) -> TuningPlan:
        """The plan for the next rounds."""
        spans = _spans(history, self.look_rounds)
        plan = spans[-1].plan
        first, curve = spans[0].curve(self.confidence), spans[-1].curve(self.confidence)
        if first is None or curve is None:
            return plan
        lengths = Lengths(costs(plan).round_s, spans[-1].seconds / spans[-1].n_rounds)
        short = self._mean(costs, plan, lambda prior: prior.shortfall)
        loss, start_loss = curve.loss(spans[-1].n_rounds), first.loss(FIRST_ROUNDS)
        likely, *others = [
            partial(self.gain_per_s, costs, _left(loss, end, start_loss, short), lengths)
            for end in (curve.asymptote, curve.low, curve.high)
        ]
        best = max(self.plans(costs), key=likely)
        is_better = likely(best) >= self.gain * likely(plan)
        return best if is_better and all(gain(best) > gain(plan) for gain in others) else plan

    def plans(self, costs: Costs) -> Iterator[Tiers]:
        """All plans; of each shallowest depth, the first is that in which everybody trains it."""
        depths = range(1, self.deepest.depth + 1)
        parts = tuple(replace(self.deepest, depth=depth) for depth in depths)
        for shallowest in depths:
            shallow = Tiers(
                parts=parts[shallowest - 1 : shallowest], whole=self.deepest, runs=self.runs
            )
            round_s = costs(shallow).cohort_s
            own = tuple(reversed(parts[shallowest - 1 :]))
            for share in _LIMITS:
                limit_s = share * round_s
                yield Tiers(
                    parts=own, limit_s=limit_s, runs=self.runs, most_batches=self.most_batches
                )

    def gain_per_s(self, costs: Costs, left: float, lengths: Lengths, plan: TuningPlan) -> float:
        """The fall of the loss in a second, over that of the deepest in a round. left: see
        DepthPrior.progress."""
        gained = self._mean(costs, plan, lambda prior: prior.progress(left))
        return gained / lengths.corrected_s(costs(plan).round_s)

    def _mean(self, costs: Costs, plan: TuningPlan, of: Callable[[DepthPrior], float]) -> float:
        """A value of the depths' priors, as a mean over the clients of a plan."""
        depths = [tuned_depth(part.config, self.deepest.depth) for part in parts_of(plan)]
        values = [of(depth_prior(self.prior, depth / self.deepest.depth)) for depth in depths]
        return sum(share * own for share, own in zip(costs(plan).shares, values, strict=True))


@dataclass(frozen=True, slots=True)
class Lengths:
    """Mean seconds of a round of the current plan: `expected_s`, and as they were, `held_s`."""

    expected_s: float
    held_s: float

    def corrected_s(self, round_s: float) -> float:
        """The expected length of another plan's round. What a round takes longer, others take too,
        whatever they train; one that is shorter than expected is shorter in all its parts."""
        if self.held_s < self.expected_s:
            return max(round_s * self.held_s / self.expected_s, _LEAST)
        return max(round_s + self.held_s - self.expected_s, _LEAST)


AS_EXPECTED = Lengths(1.0, 1.0)
"""No round has been held yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The rounds that were held with one plan: (round, validation loss) of its points, from its
    start."""

    plan: TuningPlan
    points: Sequence[tuple[int, float]]
    n_rounds: int
    seconds: float

    def curve(self, confidence: float) -> LearningCurve | None:
        """None: too few points."""
        if len(self.points) < LEAST_POINTS:
            return None
        rounds, losses = zip(*self.points, strict=True)
        return fit_learning_curve(rounds, losses, confidence=confidence)


def _spans(history: Sequence[TrialResult], look_rounds: int) -> list[_Span]:
    """One for each change of the plan. Every trial has held `look_rounds` rounds, some of which the
    server may have abandoned."""
    spans, n_before = [], 0
    for plan, results in groupby(history, lambda result: result.trial.branches[0].plan):
        held = list(results)
        scores = [result.scores[_STATE] for result in held if result.scores]
        points = [(one.round - n_before, one.loss) for score in scores for one in score.curve()]
        n_rounds = look_rounds * len(held)
        seconds = sum(score.seconds for score in scores)
        spans.append(_Span(plan=plan, points=points, n_rounds=n_rounds, seconds=seconds))
        n_before += n_rounds
    return spans


def _left(loss: float, end: float, start_loss: float, short: float) -> float:
    """DepthPrior.progress's `left`, of a plan that falls short of the deepest by `short` and whose
    curve ends at `end`."""
    lowest = (end - short * start_loss) / (1.0 - short)
    return min(max((loss - lowest) / max(start_loss - lowest, _LEAST), _LEAST), 1.0)
