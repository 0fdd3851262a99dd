"""Every policy keeps the contract; and what each does beyond it."""

from __future__ import annotations

import pytest

from configurator import Configurator, Fixed, Schedule, Sideline
from configurator.protocol import BranchScore, Choose, Rounds, SimSeconds, Trial, Unlimited
from configurator.schedule import Step
from learner.spec import Adapter, Full
from tests.contracts.configurators import ConfiguratorContract, flat_costs


def trial_of(policy: Configurator, depth: int, width: int) -> Trial:
    trial = policy.propose(Adapter(depth=depth, width=width), [], flat_costs)
    assert trial is not None
    return trial


class TestFixed(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Fixed(config=Full())

    def test_it_is_one_branch_without_end(self, policy: Configurator) -> None:
        trial = policy.propose(Full(), [], flat_costs)
        assert trial is not None
        assert ([b.config for b in trial.branches], trial.budget) == ([Full()], Unlimited())


class TestSchedule(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        steps = (Step(rounds=5, depth=0, width=8), Step(rounds=7, depth=2, width=16))
        return Schedule(steps=steps)

    def test_it_walks_its_steps_and_ends(self, policy: Configurator) -> None:
        first = policy.propose(policy.initial(), [], flat_costs)
        assert first is not None
        assert first.budget == Rounds(5)
        with pytest.raises(ValueError, match="steps must hold at least one step"):
            Schedule(steps=())
        with pytest.raises(ValueError, match=r"steps must never shrink, got \(2, 8\) and then \(1"):
            Schedule(steps=(Step(rounds=1, depth=2, width=8), Step(rounds=1, depth=1, width=8)))


class TestSideline(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Sideline(interval_s=60, start=Adapter(depth=1, width=8), max_depth=12)

    def test_it_tries_keep_wider_and_deeper_never_the_diagonal(self, policy: Configurator) -> None:
        configs = {b.name: b.config for b in trial_of(policy, 2, 16).branches}
        assert configs == {
            "keep": Adapter(depth=2, width=16),
            "wider": Adapter(depth=2, width=24),
            "deeper": Adapter(depth=3, width=16),
        }

    def test_at_its_limits_it_leaves_branches_out(self, policy: Configurator) -> None:
        assert [b.name for b in trial_of(policy, 12, 8).branches] == ["keep", "wider"]
        assert [b.name for b in trial_of(policy, 3, 64).branches] == ["keep", "deeper"]
        assert [b.name for b in trial_of(policy, 12, 64).branches] == ["keep"]

    def test_the_highest_accuracy_wins(self, policy: Configurator) -> None:
        trial = trial_of(policy, 2, 16)
        scores = {
            name: BranchScore(accuracy=accuracy, rounds=1)
            for name, accuracy in (("deeper", 0.7), ("keep", 0.6), ("wider", 0.7))
        }
        assert policy.decide(trial, scores) == Choose("wider")

    @pytest.mark.parametrize(("depth", "seconds"), [(0, 60), (1, 300), (3, 780)])
    def test_the_artifacts_windows_lengthen_with_depth(self, depth: int, seconds: float) -> None:
        artifact = Sideline(interval_s=60, window="interval * (4 * depth + 1)")
        assert trial_of(artifact, depth, 8).budget == SimSeconds(seconds)
        assert trial_of(Sideline(interval_s=60), depth, 8).budget == SimSeconds(60)

    @pytest.mark.parametrize(
        ("field", "value", "rule"),
        [
            ("interval_s", 0, "interval_s must be above 0, got 0"),
            ("depth_step", 0, "depth_step must be at least 1, got 0"),
            ("width_step", 12, "width_step must be a positive multiple of 8, got 12"),
            ("max_width", 12, "max_width must be a positive multiple of 8, got 12"),
            ("max_width", 0, r"max_width must be at least start.width \(8\), got 0"),
            ("max_depth", -5, r"max_depth must be at least start.depth \(0\), got -5"),
        ],
    )
    def test_impossible_values_are_refused(self, field: str, value: int, rule: str) -> None:
        with pytest.raises(ValueError, match=rule):
            Sideline(**{field: value})  # type: ignore[arg-type]
