"""What every configurator promises. A policy's test subclasses this with a `policy` fixture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configurator import Configurator
from configurator.protocol import (
    BackTo,
    BranchScore,
    Choose,
    RoundCost,
    Trial,
    TrialResult,
)
from learner.spec import Adapter, TuningConfig

shared_fixture = settings(
    # Policies are frozen, so one fixture may serve all examples; subclasses are meant to differ.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    deadline=None,
    max_examples=40,
)
accuracies = st.lists(st.sampled_from([0.1, 0.5, 0.9]), min_size=5, max_size=5)


def flat_costs(config: TuningConfig) -> RoundCost:
    return RoundCost(seconds=1.0, bytes=1.0, joules=1.0)


def scores_of(trial: Trial, values: Sequence[float]) -> dict[str, BranchScore]:
    return {
        branch.name: BranchScore(accuracy=value, rounds=3)
        for branch, value in zip(trial.branches, values, strict=False)
    }


class ConfiguratorContract:
    """Purity, determinism, order of scores, and a walk that ends within its limits."""

    @pytest.fixture
    def policy(self) -> Configurator:
        """The policy under test: every subclass gives its own."""
        raise NotImplementedError

    @pytest.fixture
    def limits(self) -> tuple[int, int]:
        """Greatest depth and width that the policy may propose."""
        return 12, 64

    def test_the_first_trial_starts_from_the_initial_configuration(
        self, policy: Configurator
    ) -> None:
        trial = policy.propose(policy.initial(), [], flat_costs)
        assert trial is not None
        assert policy.initial() in [branch.config for branch in trial.branches]

    @shared_fixture
    @given(choices=st.lists(accuracies, max_size=30))
    def test_a_walk_of_trials_is_pure_and_keeps_its_limits(
        self, policy: Configurator, limits: tuple[int, int], choices: list[list[float]]
    ) -> None:
        current, history = policy.initial(), list[TrialResult]()
        for values in choices:
            trial = policy.propose(current, history, flat_costs)
            assert policy.propose(current, tuple(history), flat_costs) == trial
            if trial is None:
                return
            names = [branch.name for branch in trial.branches]
            assert len(set(names)) == len(names) >= 1
            for branch in trial.branches:
                if isinstance(branch.config, Adapter):
                    assert branch.config.depth <= limits[0]
                    assert branch.config.width <= limits[1]
            current, result = self._settle(policy, trial, scores_of(trial, values), current)
            history.append(result)

    @shared_fixture
    @given(values=accuracies, order=st.permutations(range(5)))
    def test_the_order_of_scores_does_not_matter(
        self, policy: Configurator, values: list[float], order: list[int]
    ) -> None:
        trial = policy.propose(policy.initial(), [], flat_costs)
        assert trial is not None
        scores = scores_of(trial, values)
        names = [list(scores)[i] for i in order if i < len(scores)]
        shuffled = {name: scores[name] for name in names}
        assert policy.decide(trial, shuffled) == policy.decide(trial, scores)

    def test_a_tie_goes_to_the_branch_that_keeps(self, policy: Configurator) -> None:
        trial = policy.propose(policy.initial(), [], flat_costs)
        assert trial is not None
        decision = policy.decide(trial, scores_of(trial, [0.5] * 5))
        if isinstance(decision, Choose) and len(trial.branches) > 1:
            chosen = next(b for b in trial.branches if b.name == decision.branch)
            assert chosen.config == policy.initial()

    def test_branches_that_trained_nothing_can_be_judged(self, policy: Configurator) -> None:
        trial = policy.propose(policy.initial(), [], flat_costs)
        assert trial is not None
        idle = {n: replace(s, rounds=0) for n, s in scores_of(trial, [0.1] * 5).items()}
        assert policy.decide(trial, idle) is not None

    @staticmethod
    def _settle(
        policy: Configurator, trial: Trial, scores: Mapping[str, BranchScore], current: TuningConfig
    ) -> tuple[TuningConfig, TrialResult]:
        if len(trial.branches) == 1:
            only = trial.branches[0]
            return only.config, TrialResult(trial=trial, scores={}, chosen=only.name)
        decision = policy.decide(trial, scores)
        if isinstance(decision, BackTo) or not isinstance(decision, Choose):
            return current, TrialResult(trial=trial, scores=scores, chosen="")
        chosen = next(b for b in trial.branches if b.name == decision.branch)
        return chosen.config, TrialResult(trial=trial, scores=scores, chosen=chosen.name)
