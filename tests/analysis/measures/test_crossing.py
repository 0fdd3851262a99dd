"""Sustained crossings, and the effort until a crossing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.measures import (
    best_of_run,
    crossing_s,
    effort_to,
    final_accuracy,
    grid_curve,
    highest_reached,
    is_flat,
    mean_accuracy,
)
from analysis.reading.study import load_study
from analysis.tables.caption import caption

Make = Callable[..., Any]


@pytest.fixture
def lucky(study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make) -> Any:
    """Above 60 % by luck at 20 s, for good from 40 s on."""
    scores = ((10.0, 0.5), (20.0, 0.62), (30.0, 0.55), (40.0, 0.6), (50.0, 0.61), (60.0, 0.7))
    events = [make_round(t, n_bytes=1000, energy_j=5.0) for t, _ in scores]
    write_run("a", events=events, evaluations=[make_evaluation(t, a) for t, a in scores])
    return load_study(study_dir).runs[0]


def test_a_sustained_crossing_is_that_of_the_mean_of_three(lucky: Any) -> None:
    # means of three: 0.5567 at 30 s, 0.59 at 40 s, 0.5867 at 50 s, 0.6367 at 60 s
    assert crossing_s(lucky, 0.6, "first") == 20.0
    assert crossing_s(lucky, 0.6) == 60.0
    assert crossing_s(lucky, 0.59) == 40.0  # 0.5867 is less than an error of 2.2 points below
    assert crossing_s(lucky, 0.55) == 30.0
    assert crossing_s(lucky, 0.64) is None


def test_a_fall_of_more_than_the_standard_error_takes_a_crossing_back(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    levels = (0.7, 0.7, 0.7, 0.64, 0.64, 0.64, 0.7, 0.7, 0.7)
    rows = [make_evaluation(10.0 * i, a) for i, a in enumerate(levels, start=1)]
    write_run("few", evaluations=[replace(row, n_examples=100) for row in rows])
    write_run("many", evaluations=[replace(row, n_examples=10_000) for row in rows])
    few, many = load_study(study_dir).runs
    # The mean falls to 0.64. Its error is 4.8 points with 100 examples, 0.48 with 10,000.
    assert (crossing_s(few, 0.68), crossing_s(many, 0.68)) == (30.0, 80.0)
    assert crossing_s(many, 0.64) == 30.0
    assert highest_reached(few) == pytest.approx(0.7)
    assert highest_reached(many, "first") == 0.7


def test_the_untrained_state_reaches_nothing_and_is_never_the_best(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    scores = ((0, 0.9), (2, 0.5), (4, 0.5), (6, 0.5))
    rows = [replace(make_evaluation(float(n), a), round=n) for n, a in scores]
    write_run("a", evaluations=rows)
    write_run("b", evaluations=rows[:1])
    a, b = load_study(study_dir).runs
    assert best_of_run(a) == pytest.approx(0.5)
    assert crossing_s(a, 0.6) is crossing_s(a, 0.6, "first") is None
    assert crossing_s(a, 0.5, "first") == 2.0
    assert final_accuracy(b) is best_of_run(b) is None


def test_all_arms_are_read_on_the_grid_of_rounds_that_they_share(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    for arm, every in (("often", 2), ("seldom", 3)):
        rows = [replace(make_evaluation(float(n), 0.5), round=n) for n in range(every, 19, every)]
        evaluation = {"report_on": "test", "every_rounds": every}
        write_run(arm, evaluations=rows, scenario={"evaluation": evaluation})
    study = load_study(study_dir)
    assert [grid_curve(run)["round"].to_list() for run in study.runs] == [[6, 12, 18]] * 2
    assert [crossing_s(run, 0.5) for run in study.runs] == [18.0, 18.0]
    assert [crossing_s(run, 0.5, "first") for run in study.runs] == [2.0, 3.0]
    told = "arms are evaluated every 2, 3 rounds: targets are read every 6 rounds"
    assert any(told in warning for warning in study.warnings)


def test_synchronous_and_asynchronous_arms_share_a_grid_of_client_updates(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    modes = {
        "sync": ({"mode": "sync", "participants": 10}, 2),
        "buffered": ({"mode": "buffered", "participants": 10, "buffer": 5}, 2),
        "async": ({"mode": "async", "participants": 10}, 20),
    }
    for arm, (rounds, every) in modes.items():
        ends = range(every, 4 * every + 1, every)
        rows = [replace(make_evaluation(float(n), 0.5), round=n) for n in ends]
        evaluation = {"report_on": "test", "every_rounds": every}
        write_run(arm, evaluations=rows, scenario={"evaluation": evaluation, "rounds": rounds})
    study = load_study(study_dir)
    read = {run.arm: grid_curve(run)["round"].to_list() for run in study.runs}
    assert read == {"sync": [2, 4, 6, 8], "buffered": [4, 8], "async": [20, 40, 60, 80]}
    told = (
        "arms are evaluated every 10, 20 client updates: targets are read every 20 client updates, "
        "the grid that they share; with fewer than three such evaluations no target counts for "
        "buffered"
    )
    assert told in study.warnings
    assert "accuracies of every 20 client updates, for all arms" in caption(study)


def test_a_learning_curve_has_no_error_and_is_not_averaged(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    rows = [make_evaluation(t, a) for t, a in ((1.0, 0.5), (2.0, 0.7), (3.0, 0.69), (4.0, 0.7))]
    write_run("a", learner="curve", evaluations=rows)
    (run,) = load_study(study_dir).runs
    assert (crossing_s(run, 0.69), crossing_s(run, 0.7)) == (2.0, 4.0)
    assert best_of_run(run) == 0.7
    told = caption(load_study(study_dir))
    assert "reached: by a single evaluation, for good; best = 70.0 % (a);" in told


def test_effort_counts_rounds_that_ended_by_the_crossing(lucky: Any) -> None:
    effort = effort_to(lucky, 0.59)
    assert effort is not None
    assert (effort.seconds, effort.bytes, effort.joules) == (40.0, 4000, 20.0)
    assert effort_to(lucky, 0.8) is None


def test_the_mean_accuracy_is_the_area_of_a_step_function(lucky: Any) -> None:
    # 10 s of nothing, then 10 s each of 0.5, 0.62 and, halved, 0.55
    assert mean_accuracy(lucky, 35.0) == pytest.approx((5.0 + 6.2 + 2.75) / 35)
    assert mean_accuracy(lucky, 61.0) is None
    assert mean_accuracy(lucky, 0.0) is None
    assert final_accuracy(lucky) == 0.7


@pytest.mark.parametrize(
    ("levels", "flat"),
    [
        ((0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), False),
        ((0.3, 0.5, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8), True),
        ((0.3, 0.5, 0.7, 0.8, 0.8, 0.8, 0.6, 0.6), True),  # falling is not rising
        ((0.8, 0.8, 0.8, 0.8), False),  # two moving means tell nothing
    ],
)
def test_a_curve_is_flat_if_its_last_third_gains_no_more_than_its_error(
    study_dir: Path, write_run: Make, make_evaluation: Make, levels: tuple[float, ...], flat: bool
) -> None:
    rows = [make_evaluation(10.0 * i, a) for i, a in enumerate(levels, start=1)]
    write_run("a", evaluations=[replace(row, n_examples=1000) for row in rows])
    study = load_study(study_dir)
    assert is_flat(study.runs[0]) is flat
    assert ("not flat at the end (docs/metrics.md): a" in caption(study)) is not flat
    write_run("a", seed=8, evaluations=[replace(row, n_examples=1000) for row in rows[:2]])
    n_rising = 1 if flat else 2
    assert f"a ({n_rising} of 2 runs)" in caption(load_study(study_dir))
