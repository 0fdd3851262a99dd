"""Measures of time, bytes and energy, against hand-computed values."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.measures import (
    cache_hit_rate,
    fairness,
    participation,
    staleness,
    trial_overhead,
    trial_windows,
    utilisation,
    wasted_work,
)
from analysis.reading.run import Run
from analysis.reading.study import load_study
from learner.spec import Adapter

Make = Callable[..., Any]


@pytest.fixture
def trial(
    study_dir: Path, write_run: Make, make_round: Make, make_decision: Make, make_client: Make
) -> Run:
    """Two branches for 10 s, of which deeper wins; then 5 s alone, partly in vain."""
    spent: Any = {"down_s": 2.0, "compute_s": 5.0, "up_s": 1.0, "idle_s": 2.0}
    events = [
        make_client(9.0, 0, cache="fill", texts=40, cached_texts=10),
        make_client(9.0, 1, cache="hit", texts=20, cached_texts=20),
        make_client(9.0, 3, cache="none"),
        make_round(9.0, branch="keep", n_bytes=400, energy_j=10.0, clients=(0, 1), **spent),
        make_round(10.0, branch="deeper", n_bytes=600, energy_j=30.0, clients=(2, 3), **spent),
        make_decision(10.0, Adapter(depth=2, width=8), trial=0),
        make_round(
            15.0,
            branch="fixed",
            trial=1,
            start_s=10.0,
            n_bytes=1000,
            energy_j=60.0,
            clients=(0, 3),
            reports=(0,),
            lost_s=4.0,
            lost_bytes=500,
            lost_j=25.0,
            **spent,
        ),
    ]
    write_run("a", events=events, n_clients=4)
    return load_study(study_dir).runs[0]


def test_utilisation_is_work_over_time_in_rounds(trial: Run) -> None:
    assert utilisation(trial) == pytest.approx(0.8)


def test_wasted_work_is_a_share_of_all_work(trial: Run) -> None:
    waste = wasted_work(trial)
    assert (waste.seconds, waste.bytes, waste.joules) == (4.0, 500, 25.0)
    assert waste.seconds_share == pytest.approx(4 / 24)
    assert (waste.bytes_share, waste.joules_share) == (0.25, 0.25)


def test_trial_overhead_is_the_cost_of_losing_branches(trial: Run) -> None:
    overhead = trial_overhead(trial)
    assert (overhead.seconds, overhead.bytes, overhead.joules) == (8.0, 400, 10.0)
    assert (overhead.bytes_share, overhead.joules_share) == (0.2, 0.1)


def test_a_trial_between_views_of_one_branch_loses_nothing(
    study_dir: Path, write_run: Make, make_round: Make, make_decision: Make
) -> None:
    spent: Any = {"down_s": 2.0, "compute_s": 5.0, "up_s": 1.0}
    decision = make_decision(10.0, Adapter(depth=2, width=8))
    of_views = replace(decision, spent_s={"nested": 8.0}, chosen="keep")
    write_run("views", events=[make_round(10.0, branch="nested", **spent), of_views])
    (run,) = load_study(study_dir).runs
    assert trial_overhead(run).seconds == 0.0


def test_windows_are_those_of_trials_with_several_branches(trial: Run) -> None:
    assert trial_windows(trial).rows() == [(0, 0.0, 10.0, "deeper")]


def test_the_cache_hit_rate_is_over_the_texts_of_training_steps(trial: Run) -> None:
    assert cache_hit_rate(trial) == 0.5


def test_participation_covers_the_whole_population(trial: Run) -> None:
    assert participation(trial).rows() == [(0, 2, 3), (1, 1, 0), (2, 1, 0), (3, 2, 0)]
    assert fairness(trial) == 0.25


def test_staleness_is_counted_per_update(
    study_dir: Path, write_run: Make, make_round: Make
) -> None:
    events = [
        make_round(1.0, reports=(5, 6, 7), ages=(0, 2, 2)),
        make_round(2.0, reports=(8,), ages=(4,)),
        make_round(3.0, reports=(5, 6), ages=()),
    ]
    write_run("a", events=events)
    run = load_study(study_dir).runs[0]
    assert staleness(run).rows() == [(0, 3), (2, 2), (4, 1)]


def test_a_run_without_rounds_has_no_shares(study_dir: Path, write_run: Make) -> None:
    write_run("a")
    run = load_study(study_dir).runs[0]
    assert utilisation(run) is fairness(run) is cache_hit_rate(run) is None
    assert wasted_work(run).joules_share == 0.0
    assert len(participation(run)) == run.n_clients
