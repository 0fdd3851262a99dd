"""What is known of a replay that lacks a score, and its numbers beside those of the run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis import load_study
from analysis.explore.chart import figure
from analysis.explore.comparison import stage_seconds, target_costs, totals
from analysis.explore.outcome import Outcome, known_part
from analysis.measures import accuracy_curve
from analysis.reading.run import Run

Make = Callable[..., Any]


def linked(
    make_round: Make, times_s: list[float], name: str, **changes: Any
) -> tuple[list[Any], list[str]]:
    """Rounds whose base is the state of the one before; the first base is "start"."""
    states = ["start", *(f"{name} {i}" for i in range(1, len(times_s) + 1))]
    starts_s = [0.0, *times_s]
    return [
        make_round(t_s, start_s=starts_s[i], base=states[i], round=i + 1, **changes)
        for i, t_s in enumerate(times_s)
    ], states


@pytest.fixture
def runs(write_run: Make, make_round: Make, make_evaluation: Make, study_dir: Path) -> list[Run]:
    """A run of four rounds of 10 s, and a replay of rounds of 20 s with two states in common."""
    spent = {"down_s": 1.0, "compute_s": 3.0, "up_s": 2.0, "idle_s": 4.0, "n_bytes": 10**7}
    rounds, states = linked(make_round, [10.0, 20.0, 30.0, 40.0], "s", energy_j=100.0, **spent)
    rounds = [replace(row, state=states[i + 1]) for i, row in enumerate(rounds)]
    scores = [make_evaluation(10.0 * i, 0.2 * i, state=state) for i, state in enumerate(states)]
    write_run("a", events=rounds, evaluations=scores)
    slow = [replace(row, t_s=2 * row.t_s, start_s=2 * row.start_s) for row in rounds]
    slow = slow[:2] + [replace(row, state=f"other {row.round}") for row in slow[2:]]
    write_run("b", events=slow)
    return list(load_study(study_dir).runs)


def outcome(run: Run) -> Outcome:
    return Outcome(
        run=run, diverges_at_s=60.0, diverges_at_round=3, reason="learning diverges", missing="none"
    )


def test_the_curve_of_a_replay_ends_where_learning_diverges(runs: list[Run]) -> None:
    base, slow = runs
    known = known_part(base, slow)
    curve = accuracy_curve(known)
    assert curve["t_s"].to_list() == [0.0, 20.0, 40.0]
    assert curve["accuracy"].to_list() == pytest.approx([0.0, 0.2, 0.4])


def test_an_undecided_trial_adds_nothing_to_the_curve(
    runs: list[Run], write_run: Make, make_round: Make, study_dir: Path
) -> None:
    rows = [make_round(5.0, branch=name, base="start", state="s 1") for name in ("keep", "wider")]
    write_run("undecided", events=rows)
    undecided = load_study(study_dir).runs_of("undecided")[0]
    assert len(known_part(runs[0], undecided).evaluations) == 0


def test_the_chart_draws_the_known_part_and_marks_the_divergence(runs: list[Run]) -> None:
    base, slow = runs
    drawn = figure(base, outcome(known_part(base, slow)), [], "t_s")
    old, new = drawn["data"]
    assert old["x"] == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert new["x"] == [0.0, 20.0, 40.0]
    assert drawn["layout"]["shapes"][0]["x0"] == 60.0
    by_bytes = figure(base, outcome(known_part(base, slow)), [], "mbytes")
    assert by_bytes["data"][1]["x"] == [0.0, 1.0, 2.0]  # 10 MB a round, ten clients
    assert by_bytes["layout"]["shapes"][0]["x0"] == 3.0


def test_a_target_behind_the_divergence_is_unknown_and_not_missed(runs: list[Run]) -> None:
    base, slow = runs
    (*_, last) = target_costs(base, known_part(base, slow), is_whole=False)
    assert last.time == ("40 s", "unknown")
    assert (last.mbytes, last.kilojoules) == (("4", "–"), ("0.04", "–"))
    (*_, last) = target_costs(base, known_part(base, slow), is_whole=True)
    assert last.time == ("40 s", "not reached")


def test_the_seconds_of_a_round_are_means_over_its_clients(runs: list[Run]) -> None:
    seconds = stage_seconds(runs[0])
    assert {stage: s for stage, s in seconds.items() if s} == {
        "down_s": 1.0,
        "compute_s": 3.0,
        "up_s": 2.0,
        "idle_s": 4.0,
    }


def test_the_end_of_a_run_in_words(runs: list[Run]) -> None:
    assert totals(runs[0], is_whole=True) == [
        *("40 s", "4 rounds", "4 MB per client", "0.04 kJ per client", "accuracy 80.0%")
    ]
    assert totals(runs[1], is_whole=False)[-1] == "accuracy unknown"
