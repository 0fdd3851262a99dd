"""ByDevice and the rivals with different parts for different clients."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from configurator import ByDevice, Configurator, HetLora, Legend
from configurator.protocol import RoundCost, Rounds, TrialResult, Unlimited
from learner.plan import Shares, Tiers, TuningPlan, shape
from learner.spec import Adapter, Lora, tuned_depth
from sim.testing.configurator_contract import ConfiguratorContract, flat_costs


def costs_by_depth(plan: TuningPlan) -> RoundCost:
    """A layer takes 1 s on a fast device and 5 s on a slow one; half of all clients are fast, and
    a cohort has a slow one."""
    depth = tuned_depth(shape(plan), 12)
    depths, limit_s = [depth], math.inf
    if isinstance(plan, Tiers):
        depths, limit_s = [tuned_depth(part, 12) for part in plan.parts], plan.limit_s or math.inf
    trained = [
        next((own for own in depths if own * layer_s <= limit_s), depths[-1]) for layer_s in (1, 5)
    ]
    return RoundCost(
        seconds=3.0 * depth,
        cohort_s=5.5 * trained[-1],
        by_device={"fast": 1.0 * depth, "slow": 5.0 * depth},
        bytes=1.0,
        joules=1.0,
        round_s=7.0 * depth,
        shares=tuple(trained.count(own) / 2 for own in depths),
    )


class TestByDevice(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return ByDevice(deepest=Adapter(depth=6, width=8))

    def test_a_client_has_the_time_of_the_slowest_of_a_shallow_cohort(self) -> None:
        policy = ByDevice(deepest=Adapter(depth=3, width=16), shallow_depth=2, slack=1.5)
        trial = policy.propose(policy.initial(), [], costs_by_depth)
        assert trial is not None
        (branch,) = trial.branches
        parts = (Adapter(depth=3, width=16), Adapter(depth=2, width=16))
        assert branch.plan == Tiers(parts=parts, limit_s=1.5 * 11.0)
        assert trial.budget == Unlimited()

    def test_the_shallow_depth_does_not_grow_above_what_clients_have_the_memory_for(self) -> None:
        def costs(plan: TuningPlan) -> RoundCost:
            shallow = plan.parts[-1] if isinstance(plan, Tiers) else shape(plan)
            is_large = tuned_depth(shallow, 12) > 2  # for the slow ones
            return replace(costs_by_depth(plan), excluded=0.5 if is_large else 0.0)

        policy = ByDevice(deepest=Adapter(depth=6, width=8), least_mean_depth=6)
        trial = policy.propose(policy.initial(), [], costs)
        assert trial is not None
        plan = trial.branches[0].plan
        assert isinstance(plan, Tiers)
        assert plan.parts[-1] == Adapter(depth=2, width=8)

    def test_who_has_time_left_may_train_on_more_batches(self) -> None:
        policy = ByDevice(deepest=Adapter(depth=3, width=16), most_batches=8)
        trial = policy.propose(policy.initial(), [], costs_by_depth)
        assert trial is not None
        plan = trial.branches[0].plan
        assert isinstance(plan, Tiers)
        assert plan.most_batches == 8
        with pytest.raises(ValueError, match="most_batches must be at least 1 or null, got 0"):
            ByDevice(deepest=Adapter(depth=3, width=16), most_batches=0)

    def test_the_shallow_depth_grows_after_given_rounds(self) -> None:
        policy = ByDevice(deepest=Adapter(depth=4, width=16), grow_after=(30, 20))
        history, seen = list[TrialResult](), []
        for _ in range(3):
            trial = policy.propose(policy.initial(), history, costs_by_depth)
            assert trial is not None
            plan = trial.branches[0].plan
            assert isinstance(plan, Tiers)
            shallow = costs_by_depth(plan.parts[-1])
            assert plan.limit_s == shallow.cohort_s
            seen.append(([tuned_depth(part, 12) for part in plan.parts], trial.budget))
            history.append(TrialResult(trial=trial, scores={}, chosen=trial.branches[0].name))
        assert seen == [
            ([4, 3, 2, 1], Rounds(30)),
            ([4, 3, 2], Rounds(20)),
            ([4, 3], Unlimited()),
        ]

    @pytest.mark.parametrize(
        ("least", "shallowest"), [(0.0, 1), (3.0, 1), (3.1, 2), (4.0, 2), (4.1, 3), (6.0, 6)]
    )
    def test_the_shallow_depth_is_the_least_that_is_enough_in_the_mean(
        self, least: float, shallowest: int
    ) -> None:
        # With a shallow depth of 1, fast devices train 5 layers, with 2 or more 6.
        policy = ByDevice(deepest=Adapter(depth=6, width=8), least_mean_depth=least)
        trial = policy.propose(policy.initial(), [], costs_by_depth)
        assert trial is not None
        plan = trial.branches[0].plan
        assert isinstance(plan, Tiers)
        assert tuned_depth(plan.parts[-1], 12) == shallowest
        assert plan.limit_s == 5.5 * shallowest

    @pytest.mark.parametrize(
        ("least", "parts"), [(0.0, [6, 5, 4, 3]), (0.1, [4, 3]), (0.25, [4, 3]), (0.3, [3])]
    )
    def test_depths_that_few_clients_would_train_are_left_out(
        self, least: float, parts: list[int]
    ) -> None:
        def equal_devices(plan: TuningPlan) -> RoundCost:
            """Of equal devices, some with little work have time for more layers."""
            found = costs_by_depth(plan)
            shares = (0.05, 0.0, 0.2, 0.75)
            return replace(found, shares=shares) if len(found.shares) == 4 else found

        deepest = Adapter(depth=6, width=8)
        policy = ByDevice(deepest=deepest, shallow_depth=3, least_share=least)
        trial = policy.propose(policy.initial(), [], equal_devices)
        assert trial is not None
        plan = trial.branches[0].plan
        assert isinstance(plan, Tiers)
        assert [tuned_depth(part, 12) for part in plan.parts] == parts
        assert shape(plan) == deepest

    def test_what_is_left_out_does_not_count_in_the_mean_depth(self) -> None:
        """9 % of the clients have time for six layers; without them everybody trains one."""

        def few_fast(plan: TuningPlan) -> RoundCost:
            found = costs_by_depth(plan)
            n = len(found.shares)
            return replace(found, shares=(0.09, *[0.0] * (n - 2), 0.91)) if n > 1 else found

        policy = ByDevice(deepest=Adapter(depth=6, width=8), least_mean_depth=1.45)
        trial = policy.propose(policy.initial(), [], few_fast)
        assert trial is not None
        plan = trial.branches[0].plan
        assert isinstance(plan, Tiers)
        assert plan.parts == (Adapter(depth=2, width=8),)

    def test_a_mean_depth_that_misses_by_rounding_is_enough(self) -> None:
        """7, 5 and 8 of 20 clients train 6, 2 and 1 layers: three in the mean."""

        def costs(plan: TuningPlan) -> RoundCost:
            found = costs_by_depth(plan)
            shares = (7 / 20, 0.0, 0.0, 0.0, 5 / 20, 8 / 20)
            return replace(found, shares=shares) if len(found.shares) == 6 else found

        policy = ByDevice(deepest=Adapter(depth=6, width=8), least_mean_depth=3)
        trial = policy.propose(policy.initial(), [], costs)
        assert trial is not None
        plan = trial.branches[0].plan
        assert isinstance(plan, Tiers)
        assert plan.parts[-1] == Adapter(depth=1, width=8)

    def test_depths_that_cannot_be_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"shallow_depth must be at most deepest.depth \(2\)"):
            ByDevice(deepest=Adapter(depth=2, width=8), shallow_depth=3)
        with pytest.raises(ValueError, match="grow_after must have at most 1 numbers"):
            ByDevice(deepest=Adapter(depth=2, width=8), grow_after=(5, 5))
        with pytest.raises(
            ValueError, match=r"least_mean_depth must be at most deepest.depth \(2\)"
        ):
            ByDevice(deepest=Adapter(depth=2, width=8), least_mean_depth=2.5)
        with pytest.raises(ValueError, match="grow_after must be at least 1, got 0"):
            ByDevice(deepest=Adapter(depth=2, width=8), grow_after=(0,))


class TestLegend(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Legend(deepest=Lora(depth=6, rank=4))

    def test_no_device_is_slower_than_the_slowest_class_with_the_least_depth(self) -> None:
        policy = Legend(deepest=Lora(depth=6, rank=4))
        trial = policy.propose(policy.initial(), [], costs_by_depth)
        assert trial is not None
        plan = trial.branches[0].plan
        assert isinstance(plan, Tiers)
        assert plan.limit_s == 5.0
        assert [tuned_depth(part, 12) for part in plan.parts] == [6, 5, 4, 3, 2, 1]


class TestHetLora(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return HetLora(largest=Lora(depth=3, rank=8))

    def test_ranks_double_up_to_the_largest_with_one_scale(self) -> None:
        plan = HetLora(largest=Lora(depth=3, rank=12, alpha=24), least_rank=2).initial()
        assert isinstance(plan, Shares)
        assert [(part.rank, part.scale) for part in plan.parts if isinstance(part, Lora)] == [
            (2, 2.0),
            (4, 2.0),
            (8, 2.0),
            (12, 2.0),
        ]
        assert plan.shares == (0.25,) * 4

    def test_one_rank_is_no_plan(self) -> None:
        largest = Lora(depth=3, rank=4)
        policy = HetLora(largest=largest, least_rank=4)
        trial = policy.propose(policy.initial(), [], flat_costs)
        assert trial is not None
        assert trial.branches[0].plan == largest
