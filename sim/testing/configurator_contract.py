"""Tests that every configurator must pass: a subclass defines the fixture `policy`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configurator import Configurator
from configurator.checks import check_decision, check_trial
from configurator.protocol import (
    BranchScore,
    Choose,
    Extend,
    RoundCost,
    Rounds,
    SimSeconds,
    Trial,
    TrialResult,
)
from learner.plan import TuningPlan, parts_of, shape
from learner.spec import Adapter, Freeze, Lora, TuningConfig
from sim.runs.run import run_scenario
from sim.scenario.file import parse_scenario

shared_fixture = settings(
    # Policies are frozen, so all examples can share a fixture. Subclasses have different ones.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    deadline=None,
    max_examples=40,
)
MOST_BRANCHES = 9
accuracies = st.lists(
    st.sampled_from([0.1, 0.5, 0.9]), min_size=MOST_BRANCHES, max_size=MOST_BRANCHES
)


def flat_costs(plan: TuningPlan) -> RoundCost:
    n_parts = len(parts_of(plan))
    return RoundCost(
        seconds=1.0,
        cohort_s=1.0,
        by_device={"device": 1.0},
        bytes=1.0,
        joules=1.0,
        round_s=1.0,
        shares=(1.0 / n_parts,) * n_parts,
    )


def losses(accuracy: float) -> list[float]:
    """Equal losses on every example, lower with a higher accuracy."""
    return [1.0 - accuracy] * 4


def scores_of(
    trial: Trial, values: Sequence[float], names: Sequence[str] = ()
) -> dict[str, BranchScore]:
    """A score for each branch of the trial, or for the named ones."""
    return {
        branch.name: BranchScore(
            accuracy=value, rounds=3, seconds=1.0, losses=partial(losses, value)
        )
        for branch, value in zip(trial.candidates, values, strict=False)
        if not names or branch.name in names
    }


class ConfiguratorContract:
    """Purity, determinism, order of scores, budgets, limits, and trials that lose all clients."""

    @pytest.fixture
    def policy(self) -> Configurator:
        """The policy to test, defined by the subclass."""
        raise NotImplementedError

    @pytest.fixture
    def limits(self) -> tuple[int, int]:
        """The largest depth and width that the policy may propose."""
        return 12, 64

    def test_the_first_trial_starts_from_the_initial_configuration(
        self, policy: Configurator
    ) -> None:
        trial = policy.propose(policy.initial(), [], flat_costs)
        assert trial is not None
        assert shape(policy.initial()) in [shape(one.plan) for one in trial.candidates]

    @shared_fixture
    @given(choices=st.lists(accuracies, max_size=30))
    def test_a_sequence_of_trials_is_pure_and_within_the_limits(
        self, policy: Configurator, limits: tuple[int, int], choices: list[list[float]]
    ) -> None:
        current, history = policy.initial(), list[TrialResult]()
        for values in choices:
            trial = policy.propose(current, history, flat_costs)
            assert policy.propose(current, tuple(history), flat_costs) == trial
            if trial is None:
                return
            check_trial(trial, n_participants=MOST_BRANCHES, n_layers=12)
            for branch in trial.branches:
                self._check_growth(shape(current), shape(branch.plan), limits)
            current, result = decide(policy, trial, values, current)
            history.append(result)

    @shared_fixture
    @given(values=accuracies, order=st.permutations(range(MOST_BRANCHES)))
    def test_the_order_of_scores_does_not_matter(
        self, policy: Configurator, values: list[float], order: list[int]
    ) -> None:
        trial = policy.propose(policy.initial(), [], flat_costs)
        assert trial is not None
        scores = scores_of(trial, values)
        names = [list(scores)[i] for i in order if i < len(scores)]
        shuffled = {name: scores[name] for name in names}
        assert policy.decide(trial, shuffled) == policy.decide(trial, scores)

    def test_of_equal_scores_the_current_configuration_is_chosen(
        self, policy: Configurator
    ) -> None:
        trial = policy.propose(policy.initial(), [], flat_costs)
        assert trial is not None
        chosen, _ = decide(policy, trial, [0.5] * MOST_BRANCHES, policy.initial())
        assert shape(chosen) == shape(policy.initial())

    @shared_fixture
    @given(values=accuracies)
    def test_without_a_finished_round_the_current_configuration_is_chosen(
        self, policy: Configurator, values: list[float]
    ) -> None:
        """Untrained new weights may have a higher score by chance."""
        trial = policy.propose(policy.initial(), [], flat_costs)
        assert trial is not None
        if len(trial.candidates) > 1:
            chosen, _ = decide(policy, trial, values, policy.initial(), rounds=0)
            assert shape(chosen) == shape(policy.initial())

    def test_a_run_in_which_every_client_is_lost_has_no_round(
        self, policy: Configurator, tmp_path: Path
    ) -> None:
        scenario = parse_scenario(small_scenario(p_dropout=1.0), "contract")
        result = run_scenario(scenario, out=tmp_path, configurator=policy)
        assert result.rounds == 0
        assert all(row["lineage_round"] == 0 for row in decisions(result.run_dir))

    def test_decisions_are_in_order_of_time_and_the_run_ends_at_its_limit(
        self, policy: Configurator, tmp_path: Path
    ) -> None:
        scenario = parse_scenario(small_scenario(p_dropout=0.2), "contract")
        first = run_scenario(scenario, out=tmp_path / "a", configurator=policy)
        again = run_scenario(scenario, out=tmp_path / "b", configurator=policy)
        assert first.events_sha256 == again.events_sha256
        instants = [row["t_s"] for row in decisions(first.run_dir)]
        assert instants == sorted(set(instants))
        assert first.sim_seconds <= 200 * (1 + 1e-11)
        assert first.rounds > 0

    @staticmethod
    def _check_growth(current: TuningConfig, config: TuningConfig, limits: tuple[int, int]) -> None:
        """The configuration is within the limits and not smaller than the current one."""
        assert type(config) is type(current)
        if isinstance(config, Adapter | Lora | Freeze) and isinstance(current, type(config)):
            assert current.depth <= config.depth <= limits[0]
        if isinstance(config, Adapter) and isinstance(current, Adapter):
            assert current.width <= config.width <= limits[1]


def decide(
    policy: Configurator,
    trial: Trial,
    values: Sequence[float],
    current: TuningPlan,
    rounds: int = 3,
) -> tuple[TuningPlan, TrialResult]:
    """The plan and the result after a trial.

    At each decision, branches have the same `values` and `rounds` more rounds than before. Ends
    with the first decision that is not an extension.
    """
    if len(trial.candidates) == 1:
        only = trial.branches[0]
        return only.plan, TrialResult(trial=trial, scores={}, chosen=only.name)
    names: tuple[str, ...] = tuple(branch.name for branch in trial.candidates)
    for n in range(1, 101):
        scores = {
            name: replace(score, rounds=n * rounds)
            for name, score in scores_of(trial, values, names).items()
        }
        decision = policy.decide(trial, scores)
        check_decision(decision, names)
        if not isinstance(decision, Extend):
            break
        assert isinstance(decision.budget, SimSeconds | Rounds)
        names = decision.branches or names
    else:
        raise AssertionError("the policy extended its trial 100 times")
    if not isinstance(decision, Choose):
        return current, TrialResult(trial=trial, scores=scores, chosen="")
    chosen = next(b for b in trial.candidates if b.name == decision.branch)
    return chosen.plan, TrialResult(trial=trial, scores=scores, chosen=chosen.name)


def small_scenario(p_dropout: float) -> dict[str, object]:
    """Twenty TX2s at 100 MB/s, 200 simulated seconds, a given learning curve."""
    network = {"kind": "constant", "down_mbytes_per_s": 100, "up_mbytes_per_s": 100}
    return {
        "name": "contract",
        "model": {"source": "shape:bert-base"},
        "task": {"kind": "synthetic", "batches_per_client": 10},
        "partition": {"kind": "iid", "clients": 20},
        "learner": {"kind": "curve"},
        "fleet": {"devices": {"jetson-tx2": 1}, "network": network, "p_dropout": p_dropout},
        "cost": {"kind": "table", "payload": "exact", "scale": "none"},
        "rounds": {"participants": MOST_BRANCHES, "max_failures": 3},
        "configurator": {"kind": "fixed", "config": {"kind": "full"}},
        "stop": {"sim_s": 200},
    }


def decisions(run_dir: Path) -> list[dict[str, Any]]:
    """The decision rows of a run."""
    lines = (run_dir / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["row"] == "decision"]
