"""Every configurator fulfils the contract; further tests of each one."""

from __future__ import annotations

import pytest

from configurator import Bandit, Configurator, Fixed, Progressive, Schedule, Search, Sideline
from configurator.protocol import (
    BranchScore,
    Choose,
    Decision,
    Extend,
    Rounds,
    SimSeconds,
    Trial,
    TrialResult,
    TrialRules,
    Unlimited,
)
from configurator.schedule import Step
from configurator.space import Space
from learner.plan import TuningPlan
from learner.spec import Adapter, Freeze, Full, Lora
from sim.testing.configurator_contract import ConfiguratorContract, flat_costs, scores_of

BERT = Space(max_depth=12)


def trial_of(policy: Configurator, depth: int, width: int) -> Trial:
    trial = policy.propose(Adapter(depth=depth, width=width), [], flat_costs)
    assert trial is not None
    return trial


def nth_trial(policy: Configurator, n: int, current: TuningPlan) -> Trial:
    """The policy's trial after n trials without scores."""
    history = list[TrialResult]()
    while True:
        trial = policy.propose(current, history, flat_costs)
        assert trial is not None
        if len(history) == n:
            return trial
        history.append(TrialResult(trial=trial, scores={}, chosen=trial.branches[0].name))


class TestFixed(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Fixed(config=Full())

    def test_its_trial_is_one_branch_without_a_budget(self, policy: Configurator) -> None:
        trial = policy.propose(Full(), [], flat_costs)
        assert trial is not None
        assert ([b.plan for b in trial.branches], trial.budget) == ([Full()], Unlimited())


class TestSchedule(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        steps = (Step(rounds=5, depth=0, width=8), Step(rounds=7, depth=2, width=16))
        return Schedule(steps=steps)

    def test_it_trains_its_steps_in_order_and_ends_the_run(self, policy: Configurator) -> None:
        trials = [nth_trial(policy, n, policy.initial()) for n in (0, 1)]
        assert [trial.budget for trial in trials] == [Rounds(5), Rounds(7)]
        assert [str(trial.branches[0].plan) for trial in trials] == ["(0, 8)", "(2, 16)"]
        results = [TrialResult(trial=t, scores={}, chosen=t.branches[0].name) for t in trials]
        assert policy.propose(policy.initial(), results, flat_costs) is None

    def test_no_steps_and_steps_that_shrink_are_refused(self) -> None:
        with pytest.raises(ValueError, match="steps must have at least one step"):
            Schedule(steps=())
        with pytest.raises(ValueError, match=r"steps must never shrink, got \(2, 8\) and then \(1"):
            Schedule(steps=(Step(rounds=1, depth=2, width=8), Step(rounds=1, depth=1, width=8)))
        with pytest.raises(ValueError, match="width or rank must be set, and not both"):
            Step(rounds=1, depth=2)
        with pytest.raises(ValueError, match=r"of one kind, got \(1, 8\) and then LoRA \(2, 4\)"):
            Schedule(steps=(Step(rounds=1, depth=1, width=8), Step(rounds=1, depth=2, rank=4)))

    def test_lora_grows_in_depth_and_rank_with_the_same_scale(self) -> None:
        steps = (Step(rounds=1, depth=1, rank=4), Step(rounds=1, depth=3, rank=8))
        first, second = Schedule(steps=steps).configs
        assert (first, second) == (Lora(depth=1, rank=4), Lora(depth=3, rank=8, alpha=32.0))
        assert isinstance(first, Lora)
        assert isinstance(second, Lora)
        assert first.scale == second.scale


class TestSideline(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Sideline(interval_s=60, start=Adapter(depth=1, width=8), space=BERT)

    def test_a_trial_has_keep_wider_and_deeper(self, policy: Configurator) -> None:
        configs = {b.name: b.plan for b in trial_of(policy, 2, 16).branches}
        assert configs == {
            "keep": Adapter(depth=2, width=16),
            "wider": Adapter(depth=2, width=24),
            "deeper": Adapter(depth=3, width=16),
        }

    def test_branches_beyond_a_limit_are_left_out(self, policy: Configurator) -> None:
        assert [b.name for b in trial_of(policy, 12, 8).branches] == ["keep", "wider"]
        assert [b.name for b in trial_of(policy, 3, 64).branches] == ["keep", "deeper"]
        last = trial_of(policy, 12, 64)
        assert ([b.name for b in last.branches], last.budget) == (["keep"], Unlimited())
        assert last.branches[0].plan == Adapter(depth=12, width=64)

    def test_a_single_candidate_is_trained_without_windows(self) -> None:
        only = trial_of(Sideline(space=BERT, branches=("keep",)), 2, 16)
        assert ([b.plan for b in only.branches], only.budget) == (
            [Adapter(depth=2, width=16)],
            Unlimited(),
        )

    def test_with_at_limit_repeat_a_branch_at_its_limit_repeats_the_configuration(self) -> None:
        artifact = Sideline(space=BERT, at_limit="repeat")
        capped = Adapter(depth=12, width=64)
        trial = trial_of(artifact, 12, 64)
        assert [b.plan for b in trial.branches] == [capped] * 3
        assert trial.budget == SimSeconds(60)

    def test_the_highest_accuracy_wins(self, policy: Configurator) -> None:
        trial = trial_of(policy, 2, 16)
        scores = {
            name: BranchScore(accuracy=accuracy, rounds=1)
            for name, accuracy in (("deeper", 0.7), ("keep", 0.6), ("wider", 0.7))
        }
        assert policy.decide(trial, scores) == Choose("wider")

    def test_of_equal_scores_the_first_branch_is_chosen(self) -> None:
        policy = Sideline(space=BERT, branches=("deeper", "keep"))
        trial = trial_of(policy, 2, 16)
        assert [b.name for b in trial.branches] == ["deeper", "keep"]
        assert policy.decide(trial, scores_of(trial, [0.5, 0.5])) == Choose("deeper")

    @pytest.mark.parametrize(("depth", "seconds"), [(0, 60), (1, 300), (3, 780)])
    def test_the_windows_of_the_artifact_grow_with_depth(self, depth: int, seconds: float) -> None:
        artifact = Sideline(interval_s=60, window="interval * (4 * depth + 1)")
        assert trial_of(artifact, depth, 8).budget == SimSeconds(seconds)
        assert trial_of(Sideline(interval_s=60), depth, 8).budget == SimSeconds(60)

    def test_its_trials_have_its_rules(self) -> None:
        rules = TrialRules(allocation="same", crossing="finish", score="best-in-window")
        assert trial_of(Sideline(trial=rules), 1, 8).rules == rules

    @pytest.mark.parametrize(
        ("field", "value", "rule"),
        [
            ("interval_s", 0, "interval_s must be above 0, got 0"),
            ("branches", (), r"branches must name at least one candidate, each once, got \[\]"),
            ("branches", ("keep", "keep"), "each once, got .'keep', 'keep'."),
            ("start", Adapter(depth=2, width=72), r"space.max_width must be at least start.width"),
            ("space", Space(max_depth=0), r"space.max_depth must be at least start.depth \(1\)"),
        ],
    )
    def test_invalid_values_are_refused(self, field: str, value: object, rule: str) -> None:
        values = {"start": Adapter(depth=1, width=8), field: value}
        with pytest.raises(ValueError, match=rule):
            Sideline(**values)  # type: ignore[arg-type]


class TestSidelineWithFreeze(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Sideline(start=Freeze(depth=1), space=BERT)

    def test_it_grows_in_depth_only(self, policy: Configurator) -> None:
        trial = policy.propose(Freeze(depth=3), [], flat_costs)
        assert trial is not None
        assert [b.plan for b in trial.branches] == [Freeze(depth=3), Freeze(depth=4)]


class TestSidelineWithLora(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Sideline(start=Lora(depth=1, rank=4), space=Space(max_depth=12, max_rank=10))

    def test_it_widens_in_rank(self, policy: Configurator) -> None:
        trial = policy.propose(Lora(depth=3, rank=8), [], flat_costs)
        assert trial is not None
        assert [b.plan for b in trial.branches] == [
            Lora(depth=3, rank=8),
            Lora(depth=3, rank=8).with_rank(10),  # with the same alpha / rank
            Lora(depth=4, rank=8),
        ]

    def test_a_start_beyond_the_limit_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"space.max_rank must be at least start.rank \(64\)"):
            Sideline(start=Lora(depth=1, rank=64))


class TestProgressive(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Progressive(start=Adapter(depth=1, width=8), space=BERT)

    def test_it_grows_deeper_and_wider_in_turn(self) -> None:
        policy = Progressive(start=Adapter(depth=1, width=8), space=Space(max_depth=3))
        trials = [nth_trial(policy, n, policy.start) for n in (0, 1, 2, 3, 4, 5)]
        assert [str(t.branches[0].plan) for t in trials] == [
            "(1, 8)",
            "(2, 8)",
            "(2, 16)",
            "(3, 16)",
            "(3, 24)",
            "(3, 32)",  # depth is at its limit
        ]
        assert {t.budget for t in trials} == {SimSeconds(60.0)}
        assert trials[0].rules.crossing == "finish"

    def test_at_the_end_of_its_space_it_trains_the_last_configuration(self) -> None:
        policy = Progressive(start=Adapter(depth=3, width=56), space=Space(max_depth=3))
        assert nth_trial(policy, 1, policy.start).budget == Unlimited()


class TestRandomSearch(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Search(candidates=8, space=BERT)

    def test_its_candidates_differ_and_depend_on_the_seed(self, policy: Configurator) -> None:
        first, other = (
            Search(space=BERT, seed=seed).propose(policy.initial(), [], flat_costs)
            for seed in (1, 2)
        )
        assert first is not None
        assert other is not None
        assert len({branch.plan for branch in first.branches}) == 8
        assert first != other

    def test_all_configurations_of_a_small_grid_are_candidates(self) -> None:
        policy = Search(candidates=8, space=Space(max_depth=1, max_width=16))
        assert len(trial_of(policy, 0, 8).branches) == 4


class TestSuccessiveHalving(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Search(candidates=8, halving=2, space=BERT)

    def test_the_better_half_continues_until_one_is_left(self, policy: Configurator) -> None:
        trial = trial_of(policy, 0, 8)
        names = [branch.name for branch in trial.branches]
        decisions = list[Decision]()
        left = tuple(names)
        while not decisions or isinstance(decisions[-1], Extend):
            values = [i / 10 for i in range(8)]
            decisions.append(policy.decide(trial, scores_of(trial, values, left)))
            left = getattr(decisions[-1], "branches", ())
        assert decisions == [
            Extend(SimSeconds(60.0), tuple(names[:3:-1])),
            Extend(SimSeconds(60.0), tuple(names[:5:-1])),
            Choose(names[7]),
        ]

    @pytest.mark.parametrize(
        ("field", "value", "rule"),
        [
            ("candidates", 1, "candidates must be at least 2, got 1"),
            ("halving", 1, "halving must be 0 or at least 2, got 1"),
        ],
    )
    def test_invalid_values_are_refused(self, field: str, value: int, rule: str) -> None:
        with pytest.raises(ValueError, match=rule):
            Search(**{field: value})  # type: ignore[arg-type]


class TestBandit(ConfiguratorContract):
    @pytest.fixture
    def policy(self) -> Configurator:
        return Bandit(space=BERT)

    def test_it_explores_with_the_given_probability(self) -> None:
        policy = Bandit(space=BERT, p_explore=0.3, seed=5)
        here = Adapter(depth=1, width=8)
        sizes = [len(nth_trial(policy, n, here).branches) for n in range(100)]
        assert 20 <= sum(size == 2 for size in sizes) <= 40

    def test_it_tries_both_neighbours_and_then_the_one_with_the_higher_gain(self) -> None:
        policy = Bandit(space=BERT, p_explore=1.0)
        current, history, tried = Adapter(depth=1, width=8), list[TrialResult](), list[str]()
        for _ in range(6):
            trial = policy.propose(current, history, flat_costs)
            assert trial is not None
            tried.append(trial.branches[1].name)
            scores = scores_of(trial, [0.5, 0.9 if tried[-1] == "deeper" else 0.4])
            history.append(TrialResult(trial=trial, scores=scores, chosen="keep"))
        assert tried == ["wider"] + ["deeper"] * 5

    @pytest.mark.parametrize(
        ("field", "value", "rule"),
        [
            ("p_explore", 0.0, "p_explore must be above 0 and at most 1, got 0.0"),
            ("optimism", -1.0, "optimism must be at least 0, got -1.0"),
        ],
    )
    def test_invalid_values_are_refused(self, field: str, value: float, rule: str) -> None:
        with pytest.raises(ValueError, match=rule):
            Bandit(**{field: value})  # type: ignore[arg-type]
