"""Nested, Fes and DevFt: how they grow, and by what they judge."""

from __future__ import annotations

import pytest

from configurator import Configurator, DevFt, Fes, Nested
from configurator.protocol import BranchScore, Choose, Rounds, Trial, TrialResult, Unlimited
from configurator.space import Space
from learner.plan import Shares, TuningPlan
from learner.spec import Adapter, Lora
from sim.testing.configurator_contract import ConfiguratorContract, flat_costs


def score(
    *losses: float, accuracy: float = 0.5, seconds: float = 1.0, rounds: int = 2
) -> BranchScore:
    return BranchScore(
        accuracy=accuracy,
        rounds=rounds,
        seconds=seconds,
        losses=lambda: losses,
        accuracy_before=lambda: 0.4,
    )


def first(policy: Configurator, *chosen: str) -> Trial:
    """The trial after trials of which these branches were chosen."""
    current, history = policy.initial(), list[TrialResult]()
    for name in chosen:
        trial = proposed(policy, current, history)
        current = next(one.plan for one in trial.candidates if one.name == name)
        history.append(TrialResult(trial=trial, scores={}, chosen=name))
    return proposed(policy, current, history)


def proposed(policy: Configurator, current: TuningPlan, history: list[TrialResult]) -> Trial:
    trial = policy.propose(current, history, flat_costs)
    assert trial is not None
    return trial


class TestNested(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Nested()

    def test_a_share_of_each_cohort_trains_the_larger_view(self) -> None:
        trial = first(Nested(share=0.25))
        small, deep = Adapter(depth=1, width=8), Adapter(depth=2, width=8)
        (branch,) = trial.branches
        assert branch.plan == Shares(parts=(small, deep), shares=(0.75, 0.25))
        assert [(view.name, view.plan) for view in trial.views] == [
            ("keep", small),
            ("larger", deep),
        ]

    def test_steps_are_tried_in_turn_and_a_lost_one_is_followed_by_plain_rounds(self) -> None:
        policy = Nested(rounds_between=7)
        after = first(policy, "larger")
        assert after.views[1].plan == Adapter(depth=2, width=16)  # wider is next
        plain = first(policy, "keep")
        assert (plain.views, plain.budget) == ((), Rounds(7))
        assert first(policy, "keep", "between").views[1].plan == Adapter(depth=1, width=16)

    def test_the_larger_view_is_taken_where_its_losses_are_surely_lower(self) -> None:
        """Four pairs with a mean of -0.2 and a standard error of 0.041: z is -4.9."""
        policy, trial = Nested(confidence=0.99), first(Nested())
        keep = score(1.0, 2.0, 3.0, 4.0)
        lower = score(0.9, 1.8, 2.7, 3.8)
        assert policy.decide(trial, {"keep": keep, "larger": lower}) == Choose("larger")
        unsure = score(0.5, 2.4, 2.5, 4.3)  # a mean of -0.075, a standard error of 0.25
        assert policy.decide(trial, {"keep": keep, "larger": unsure}) == Choose("keep")

    def test_at_the_end_of_the_space_it_trains_on(self) -> None:
        policy = Nested(space=Space(max_depth=1, max_width=8))
        trial = first(policy)
        assert (trial.views, trial.budget) == ((), Unlimited())


class TestFes(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Fes()

    def test_the_branch_that_gains_most_per_second_continues(self) -> None:
        policy = Fes()
        trial = first(policy)
        scores = {
            "keep": score(accuracy=0.50, seconds=4.0),  # 0.025 a second
            "deeper": score(accuracy=0.58, seconds=8.0),  # 0.0225
            "wider": score(accuracy=0.44, seconds=1.0),  # 0.04
        }
        assert policy.decide(trial, scores) == Choose("wider")
        losing = {
            "keep": score(accuracy=0.39, seconds=1.0),
            "deeper": score(accuracy=0.38, seconds=2.0),
            "wider": score(accuracy=0.2, seconds=30.0),  # loses the least in a second
        }
        assert policy.decide(trial, losing) == Choose("keep")
        unfinished = scores | {"wider": score(accuracy=0.9, seconds=0.0, rounds=0)}
        assert policy.decide(trial, unfinished) == Choose("keep")

    def test_between_two_trials_all_clients_train_the_chosen_branch(self) -> None:
        trial = first(Fes(rounds_between=5), "deeper")
        assert [branch.plan for branch in trial.branches] == [Adapter(depth=2, width=8)]
        assert trial.budget == Rounds(5)


class TestDevFt(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return DevFt(deepest=Lora(depth=6, rank=4))

    def test_the_depth_doubles_by_stages_up_to_the_deepest(self) -> None:
        policy = DevFt(deepest=Lora(depth=6, rank=4), stage_rounds=3)
        stages = [first(policy, *(f"stage-{i}" for i in range(n))) for n in range(4)]
        depths = [stage.branches[0].plan for stage in stages]
        assert depths == [Lora(depth=depth, rank=4) for depth in (1, 2, 4, 6)]
        assert [stage.budget for stage in stages] == [*[Rounds(3)] * 3, Unlimited()]
