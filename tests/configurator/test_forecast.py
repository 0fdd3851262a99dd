"""Forecast and the prior of depths, by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from configurator import Configurator, Forecast
from configurator.depth_prior import FIRST_ROUNDS, DepthPrior, depth_prior
from configurator.forecast import AS_EXPECTED, Lengths
from configurator.protocol import BranchScore, Costs, RoundCost, Rounds, ScoredPoint, TrialResult
from learner.plan import Tiers, TuningPlan, parts_of
from learner.spec import Lora, tuned_depth
from sim.testing.configurator_contract import ConfiguratorContract

DEEPEST = Lora(depth=6, rank=4)
PRIOR = Forecast(deepest=DEEPEST).prior


def one_device(fixed_s: float, layer_s: float) -> Costs:
    """Costs of a fleet of one device, whose job takes `fixed_s` and `layer_s` a layer. Everybody
    trains the first part of a plan that keeps its limit."""

    def costs(plan: TuningPlan) -> RoundCost:
        depths = [tuned_depth(part.config, 6) for part in parts_of(plan)]
        seconds = [fixed_s + layer_s * depth for depth in depths]
        limit_s = plan.limit_s if isinstance(plan, Tiers) else None
        fits = [i for i, own_s in enumerate(seconds) if limit_s is None or own_s <= limit_s]
        chosen = fits[0] if fits else len(depths) - 1
        return RoundCost(
            seconds=seconds[chosen],
            cohort_s=seconds[chosen],
            by_device={"one": seconds[chosen]},
            bytes=1.0,
            joules=1.0,
            round_s=seconds[chosen],
            shares=tuple(float(i == chosen) for i in range(len(depths))),
        )

    return costs


def trained_depth(plan: TuningPlan, costs: Costs) -> int:
    chosen = costs(plan).shares.index(1.0)
    return tuned_depth(parts_of(plan)[chosen].config, 6)


def depths_of_a_run(
    policy: Forecast, costs: Costs, loss_after: Callable[[float], float], n_looks: int
) -> list[int]:
    """What everybody trains at each look, if losses after some rounds are these."""
    history, found, n_rounds = list[TrialResult](), list[int](), 0
    for _ in range(n_looks):
        trial = policy.propose(policy.initial(), history, costs)
        assert trial is not None
        assert trial.budget == Rounds(policy.look_rounds)
        plan = trial.branches[0].plan
        found.append(trained_depth(plan, costs))
        rounds = range(n_rounds + 2, n_rounds + policy.look_rounds + 1, 2)
        points = [ScoredPoint(t_s=r, round=r, accuracy=0.5, loss=loss_after(r)) for r in rounds]
        score = BranchScore(
            accuracy=0.5,
            rounds=policy.look_rounds,
            curve=partial(_same, points),
            seconds=policy.look_rounds * costs(plan).round_s,
        )
        history.append(TrialResult(trial=trial, scores={"state": score}, chosen="state"))
        n_rounds += policy.look_rounds
    return found


def _same(points: Sequence[ScoredPoint]) -> Sequence[ScoredPoint]:
    return points


class TestForecast(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Forecast(deepest=DEEPEST, look_rounds=3)

    def test_where_layers_cost_nothing_all_are_trained_from_the_start(self) -> None:
        costs, policy = one_device(1.0, 1e-6), Forecast(deepest=DEEPEST)
        trial = policy.propose(policy.initial(), [], costs)
        assert trial is not None
        assert trained_depth(trial.branches[0].plan, costs) == 6

    def test_where_layers_are_all_the_cost_the_start_is_shallow(self) -> None:
        costs, policy = one_device(0.01, 1.0), Forecast(deepest=DEEPEST)
        trial = policy.propose(policy.initial(), [], costs)
        assert trial is not None
        assert trained_depth(trial.branches[0].plan, costs) == 1

    def test_more_is_trained_as_the_curve_of_the_shallow_ends(self) -> None:
        def loss_after(rounds: float) -> float:
            return 0.5 + 3.5 / (1.0 + rounds / 4.0)

        policy = Forecast(deepest=DEEPEST)
        found = depths_of_a_run(policy, one_device(1.0, 0.3), loss_after, 20)
        assert found == sorted(found)
        assert found[0] < found[-1]

    def test_nothing_changes_on_too_few_points(self) -> None:
        found = depths_of_a_run(
            Forecast(deepest=DEEPEST), one_device(1.0, 0.3), lambda rounds: 4.0 / rounds, 2
        )
        assert found[0] == found[1]

    def test_rounds_shorter_than_expected_never_make_a_length_negative(self) -> None:
        longer, shorter = Lengths(7.0, 9.0), Lengths(7.0, 3.5)
        assert [longer.corrected_s(2.0), longer.corrected_s(12.0)] == [4.0, 14.0]
        assert [shorter.corrected_s(2.0), shorter.corrected_s(12.0)] == [1.0, 6.0]
        assert AS_EXPECTED.corrected_s(2.0) == 2.0

    def test_a_prior_must_be_named(self) -> None:
        with pytest.raises(ValueError, match="prior must name at least one task"):
            Forecast(deepest=DEEPEST, prior=())


def test_a_depth_gains_less_and_less_of_what_the_deepest_gains() -> None:
    prior = DepthPrior(speed=0.8, shortfall=0.1)
    assert prior.progress(1.0) == pytest.approx(0.8 * 0.81)
    assert prior.progress(0.2) == pytest.approx(0.8 * 0.25)
    assert prior.progress(0.1) == prior.progress(0.05) == 0.0


def test_progress_is_the_ratio_of_two_curves_slopes_at_one_loss() -> None:
    """a + b / (1 + r / h) at the loss L falls by (L - a)^2 / (b h) in a round."""
    deep_end, deep_span, deep_half = 0.4, 3.5, 7.0
    end, span, half, loss = 0.7, 3.2, 10.0, 1.5
    gained = deep_span / (1.0 + FIRST_ROUNDS / deep_half)
    prior = DepthPrior(
        speed=(deep_span * deep_half) / (span * half), shortfall=(end - deep_end) / gained
    )
    slopes = (loss - end) ** 2 / (span * half), (loss - deep_end) ** 2 / (deep_span * deep_half)
    left = (loss - deep_end) / gained
    assert prior.progress(left) == pytest.approx(slopes[0] / slopes[1])


def test_priors_are_on_a_line_between_the_measured_depths() -> None:
    low, high = depth_prior(PRIOR, 1 / 2), depth_prior(PRIOR, 1.0)
    assert high == DepthPrior(1.0, 0.0)
    middle = depth_prior(PRIOR, 3 / 4)
    assert middle.speed == pytest.approx((low.speed + high.speed) / 2)
    assert middle.shortfall == pytest.approx((low.shortfall + high.shortfall) / 2)
    assert depth_prior(PRIOR, 0.0) == DepthPrior(0.0, 1.0)
