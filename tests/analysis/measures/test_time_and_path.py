"""Measures of docs/metrics.md, against hand-computed values."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.measures import (
    accuracy_curve,
    best_accuracy,
    best_arm,
    configuration_path,
    cost_to_accuracy,
    crossing_s,
    fastest_full,
    full_arms,
    full_highest,
    full_hours,
    is_moving,
    smoothed_curve,
)
from analysis.reading.study import load_study
from learner.spec import Adapter, Full, Lora

Make = Callable[..., Any]
FULL = Full()


def adapter(depth: int, width: int) -> Adapter:
    return Adapter(depth=depth, width=width)


def test_the_curve_has_the_reported_split_and_each_state_once(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    evaluations = [
        make_evaluation(1.0, 0.3, split="validation"),
        make_evaluation(1.0, 0.25, state="s"),
        make_evaluation(2.0, 0.25, state="s"),
        make_evaluation(3.0, 0.5),
    ]
    write_run("a", evaluations=evaluations)
    curve = accuracy_curve(load_study(study_dir).runs[0])
    assert curve["t_s"].to_list() == [1.0, 3.0]
    assert curve["accuracy"].to_list() == [0.25, 0.5]


def test_the_moving_mean_begins_with_the_third_evaluation(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    scores = (0.9, 0.3, 0.6, 0.3)
    write_run("a", evaluations=[make_evaluation(t + 1.0, a) for t, a in enumerate(scores)])
    run = load_study(study_dir).runs[0]
    smooth = smoothed_curve(run)
    assert smooth["t_s"].to_list() == [3.0, 4.0]
    assert smooth["mean"].to_list() == pytest.approx([0.6, 0.4])
    assert best_accuracy([run]) == pytest.approx(0.6)


def test_best_is_the_mean_over_seeds_and_unknown_after_two_evaluations(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    for seed, level in ((1, 0.4), (2, 0.6)):
        write_run("a", seed=seed, evaluations=[make_evaluation(t, level) for t in (1.0, 2.0, 3.0)])
    write_run("b", evaluations=[make_evaluation(t, 0.9) for t in (1.0, 2.0)])
    study = load_study(study_dir)
    assert best_accuracy(study.runs_of("b")) is None
    best = best_arm(study)
    assert best is not None
    assert best[0] == "a"
    assert best[1] == pytest.approx(0.5)


def test_a_first_crossing_is_the_first_evaluation_at_or_above_the_target(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    scores = ((10.0, 0.5), (20.0, 294 / 490), (30.0, 0.4), (40.0, 0.7))
    write_run("a", evaluations=[make_evaluation(t, a) for t, a in scores])
    run = load_study(study_dir).runs[0]
    assert crossing_s(run, 0.5, "first") == 10.0
    assert crossing_s(run, 0.6, "first") == 20.0
    assert crossing_s(run, 0.61, "first") == 40.0
    assert crossing_s(run, 0.71, "first") is None


def test_costs_count_losing_and_cut_rounds_that_ended_by_the_crossing(
    study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make
) -> None:
    events = [
        make_round(1800.0, branch="keep", n_bytes=10_000_000, energy_j=1000.0),
        make_round(2000.0, branch="deeper", n_bytes=20_000_000, energy_j=2000.0),
        make_round(2100.0, branch="wider", n_bytes=4_000_000, energy_j=500.0, status="cut"),
        make_round(3600.0, branch="keep", n_bytes=6_000_000, energy_j=1500.0),
        make_round(3600.5, branch="wider", n_bytes=999_000_000, energy_j=9e9),
    ]
    evaluations = [make_evaluation(1800.0, 0.3), make_evaluation(3600.0, 0.6)]
    write_run("a", events=events, evaluations=evaluations, n_clients=10)
    runs = load_study(study_dir).runs
    cost = cost_to_accuracy(runs, 0.6, "first")
    assert cost is not None
    assert cost.hours == 1.0
    assert cost.mbytes_per_client == pytest.approx(4.0)  # (10 + 20 + 4 + 6) / 10
    assert cost.kilojoules_per_client == pytest.approx(0.5)  # (1 + 2 + 0.5 + 1.5) / 10
    assert cost_to_accuracy(runs, 0.61, "first") is None


def test_an_arm_reaches_a_target_when_all_its_seeds_do(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    write_run("a", seed=1, evaluations=[make_evaluation(3600.0, 0.6), make_evaluation(7200.0, 0.7)])
    write_run("a", seed=2, evaluations=[make_evaluation(10800.0, 0.6)])
    runs = load_study(study_dir).runs_of("a")
    cost = cost_to_accuracy(runs, 0.6, "first")
    assert cost is not None
    assert cost.hours == 2.0
    assert cost_to_accuracy(runs, 0.7, "first") is None


def test_full_fine_tuning_is_recognised_by_its_rounds(
    study_dir: Path, write_run: Make, make_round: Make, make_held: Make
) -> None:
    write_run("full", events=[make_round(1.0)])
    write_run("slow", events=[make_round(1.0, FULL)], evaluations=make_held(7200.0, 0.8))
    write_run("fast", events=[make_round(1.0, FULL)], evaluations=make_held(3600.0, 0.7))
    study = load_study(study_dir)
    assert full_arms(study) == ("fast", "slow")
    assert full_hours(study, 0.7) == {"fast": 1.0, "slow": 2.0}
    assert fastest_full(study, full_hours(study, 0.7), {}) == "fast"
    assert fastest_full(study, full_hours(study, 0.8), {}) == "slow"
    assert fastest_full(study, full_hours(study, 0.9), {}) is None
    assert full_highest(study) == pytest.approx(0.8)


def test_the_highest_of_full_is_what_every_seed_reached(
    study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make
) -> None:
    for seed, level in ((1, 0.7), (2, 0.6)):
        evaluations = [make_evaluation(1.0, level), make_evaluation(2.0, 0.5)]
        write_run("x", seed=seed, events=[make_round(1.0, FULL)], evaluations=evaluations)
    assert full_highest(load_study(study_dir), "first") == 0.6


def test_the_highest_of_full_is_held_to_the_end(
    study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make
) -> None:
    levels = (0.6, 0.75, 0.75, 0.6, 0.6)  # means of three: 0.7, 0.7, 0.65
    rows = [make_evaluation(float(t), a) for t, a in enumerate(levels, start=1)]
    write_run("x", events=[make_round(1.0, FULL)], evaluations=rows)
    held = 0.65 + (0.65 * 0.35 / 490) ** 0.5  # the last mean and its standard error
    assert full_highest(load_study(study_dir)) == pytest.approx(held)


def test_without_full_fine_tuning_there_is_no_baseline(
    study_dir: Path, write_run: Make, make_round: Make
) -> None:
    write_run("a", events=[make_round(1.0)])
    study = load_study(study_dir)
    assert (full_arms(study), full_highest(study), full_hours(study, 0.5)) == ((), None, {})


def test_the_path_of_trials_starts_at_the_smallest_branch_and_follows_decisions(
    study_dir: Path, write_run: Make, make_round: Make, make_decision: Make
) -> None:
    events = [
        make_round(9.0, adapter(2, 8), branch="deeper"),
        make_round(8.0, adapter(1, 8), branch="keep"),
        make_round(9.5, adapter(1, 16), branch="wider"),
        make_decision(10.0, adapter(2, 8), trial=0),
        make_round(19.0, adapter(3, 8), trial=1, branch="deeper", start_s=10.0),
        make_round(19.0, adapter(2, 8), trial=1, branch="keep", start_s=10.0),
        make_decision(20.0, adapter(2, 8), trial=1),
    ]
    write_run("a", events=events)
    run = load_study(study_dir).runs[0]
    assert configuration_path(run).rows() == [
        (0.0, 1, 8, False),
        (10.0, 2, 8, True),
        (20.0, 2, 8, True),
    ]
    assert is_moving(run)


def test_the_path_of_a_schedule_follows_its_one_branch_trials(
    study_dir: Path, write_run: Make, make_round: Make
) -> None:
    events = [
        make_round(5.0, adapter(1, 8), trial=0, branch="step-0"),
        make_round(9.0, adapter(1, 8), trial=0, branch="step-0", start_s=5.0),
        make_round(14.0, adapter(1, 16), trial=1, branch="step-1", start_s=9.0),
    ]
    write_run("a", events=events)
    run = load_study(study_dir).runs[0]
    assert configuration_path(run).rows() == [(0.0, 1, 8, False), (9.0, 1, 16, False)]


def test_the_width_of_loras_path_is_its_rank(
    study_dir: Path, write_run: Make, make_round: Make
) -> None:
    events = [
        make_round(5.0, Lora(depth=1, rank=4), trial=0, branch="step-0"),
        make_round(9.0, Lora(depth=1, rank=4).with_rank(12), trial=1, branch="step-1", start_s=5.0),
    ]
    write_run("a", events=events)
    run = load_study(study_dir).runs[0]
    assert configuration_path(run).rows() == [(0.0, 1, 4, False), (5.0, 1, 12, False)]
    assert is_moving(run)


def test_a_fixed_arm_does_not_move(study_dir: Path, write_run: Make, make_round: Make) -> None:
    write_run("a", events=[make_round(1.0), make_round(2.0, start_s=1.0)])
    write_run("b", events=[make_round(1.0, FULL)])
    assert [is_moving(run) for run in load_study(study_dir).runs] == [False, False]
