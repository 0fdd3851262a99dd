"""Figures by arm over rounds, configurations and costs: the frames that they draw."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.figures.accuracy_by_round import accuracy_by_round, accuracy_by_round_frame
from analysis.figures.configuration_path import configuration_path, configuration_path_frame
from analysis.figures.cost_to_target import cost_to_target, cost_to_target_frame
from analysis.figures.time_to_accuracy import time_to_accuracy
from analysis.reading.study import Study, load_study
from learner.spec import Freeze
from sim.records import EvaluationRow

Make = Callable[..., Any]


def at_round(row: EvaluationRow, n_round: int) -> EvaluationRow:
    return replace(row, round=n_round)


def test_means_are_of_rounds_that_all_seeds_evaluated(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    one = [at_round(make_evaluation(t, a), n) for t, a, n in ((1.0, 0.2, 2), (2.0, 0.6, 4))]
    two = [at_round(make_evaluation(t, a), n) for t, a, n in ((1.0, 0.4, 2), (2.0, 0.5, 3))]
    write_run("a", seed=1, evaluations=one)
    write_run("a", seed=2, evaluations=two)
    study = load_study(study_dir)
    frame = accuracy_by_round_frame(study)
    assert frame.select("round", "n_seeds").rows() == [(2, 2)]  # not 3 and 4, of one seed each
    assert frame["mean"].to_list() == pytest.approx([0.3])
    (axes,) = accuracy_by_round(frame, study).axes
    assert axes.get_xlabel() == "round"


def test_an_arm_whose_seeds_share_no_round_is_named(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    for seed, n in ((1, 2), (2, 3)):
        write_run("a", seed=seed, evaluations=[at_round(make_evaluation(1.0, 0.2), n)])
    with pytest.raises(ValueError, match="no round was evaluated by all seeds of an arm"):
        accuracy_by_round_frame(load_study(study_dir))
    write_run("b", digest="1" * 16, evaluations=[at_round(make_evaluation(1.0, 0.2), 2)])
    study = load_study(study_dir)
    figure: Any = accuracy_by_round(accuracy_by_round_frame(study), study)
    assert figure._suptitle.get_text() == "single seed · no round that all seeds evaluated: a"


def test_a_seed_that_still_runs_does_not_shorten_the_line_of_its_arm(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    points = [at_round(make_evaluation(float(n), 0.1 * n), n) for n in (1, 2, 3)]
    write_run("a", seed=1, evaluations=points)
    write_run("a", seed=2, evaluations=points[:1], finished=False)
    study = load_study(study_dir)
    frame = accuracy_by_round_frame(study)
    assert frame.select("round", "n_seeds").rows() == [(1, 1), (2, 1), (3, 1)]
    figure: Any = accuracy_by_round(frame, study)
    assert figure._suptitle.get_text() == "single seed · without unfinished runs"


def test_arms_of_several_modes_are_drawn_over_client_updates(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    modes: Any = [{"mode": "sync", "participants": 5}, {"mode": "async", "participants": 5}]
    modes.append({"mode": "buffered", "participants": 5, "buffer": 3})
    for i, rounds in enumerate(modes):
        points = [at_round(make_evaluation(t, 0.1 * t), int(t)) for t in (2.0, 4.0)]
        scenario = {"rounds": rounds}
        write_run(rounds["mode"], digest=f"{i}" * 16, evaluations=points, scenario=scenario)
    study = load_study(study_dir)
    frame = accuracy_by_round_frame(study)
    updates = {arm: frame.filter(arm=arm)["updates"].to_list() for arm in study.arms}
    assert updates == {"sync": [10, 20], "async": [2, 4], "buffered": [6, 12]}
    (axes,) = accuracy_by_round(frame, study).axes
    assert axes.get_xlabel() == "client updates"
    assert axes.get_xlim()[1] == 20


def test_intervals_of_the_path_name_the_winner_of_their_trial(five_arms: Path) -> None:
    (run,) = load_study(five_arms).runs_of("FedAdapter")
    frame = configuration_path_frame(run)
    assert frame.rows()[:3] == [
        (0.0, 15.0, 1, 8, True, "deeper"),
        (15.0, 30.0, 2, 8, True, "deeper"),
        (30.0, 45.0, 2, 16, True, "deeper"),
    ]
    assert frame["is_trial"].sum() == 8
    depth, _ = configuration_path(frame, title="FedAdapter").axes
    assert [text.get_text() for text in depth.texts] == ["deeper"] * 8


def test_a_configuration_without_width_has_no_panel_for_it(
    study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make
) -> None:
    configs = [Freeze(depth=depth) for depth in (1, 2)]
    rounds = [
        make_round(t, config, start_s=t - 5.0, trial=i)
        for i, (t, config) in enumerate(zip((5.0, 10.0), configs, strict=True))
    ]
    write_run("freezing", events=rounds, evaluations=[make_evaluation(10.0, 0.6)])
    study = load_study(study_dir)
    (axes,) = configuration_path(configuration_path_frame(study.runs[0])).axes
    assert axes.get_ylabel() == "depth, layers"
    assert not time_to_accuracy(study).axes[2].lines


def test_a_fixed_run_has_no_path(five_arms: Path) -> None:
    (run,) = load_study(five_arms).runs_of("fixed (1, 8)")
    with pytest.raises(ValueError, match="no arm's configuration changes"):
        configuration_path_frame(run)


def test_costs_are_per_client_of_the_population(crossed: Study) -> None:
    frame = cost_to_target_frame(crossed, 0.6)
    reached = frame.filter(cost="bytes", is_lower_bound=False)
    assert set(reached["mean"]) == {1.0}  # 10 MB a run over 10 clients
    left, right = cost_to_target(frame, target="60 %").axes
    assert left.get_xlabel() == "traffic to 60 %,\nMB per client"
    assert right.get_xlabel() == "energy to 60 %,\nkJ per client"
