"""Sustained crossings, and the effort until a crossing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.measures import crossing_s, effort_to, final_accuracy, mean_accuracy
from analysis.reading.study import load_study

Make = Callable[..., Any]


@pytest.fixture
def lucky(study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make) -> Any:
    """Above 60 % by luck at 20 s, for good from 40 s on."""
    scores = ((10.0, 0.5), (20.0, 0.62), (30.0, 0.55), (40.0, 0.6), (50.0, 0.61), (60.0, 0.7))
    events = [make_round(t, n_bytes=1000, energy_j=5.0) for t, _ in scores]
    write_run("a", events=events, evaluations=[make_evaluation(t, a) for t, a in scores])
    return load_study(study_dir).runs[0]


def test_a_sustained_crossing_is_the_first_of_three_in_a_row(lucky: Any) -> None:
    assert crossing_s(lucky, 0.6) == 20.0
    assert crossing_s(lucky, 0.6, "sustained") == 40.0
    assert crossing_s(lucky, 0.61) == 20.0
    assert crossing_s(lucky, 0.61, "sustained") is None  # held twice until the end


def test_effort_counts_rounds_that_ended_by_the_crossing(lucky: Any) -> None:
    effort = effort_to(lucky, 0.6, "sustained")
    assert effort is not None
    assert (effort.seconds, effort.bytes, effort.joules) == (40.0, 4000, 20.0)
    assert effort_to(lucky, 0.8) is None


def test_the_mean_accuracy_is_the_area_of_a_step_function(lucky: Any) -> None:
    # 10 s of nothing, then 10 s each of 0.5, 0.62 and, halved, 0.55
    assert mean_accuracy(lucky, 35.0) == pytest.approx((5.0 + 6.2 + 2.75) / 35)
    assert mean_accuracy(lucky, 61.0) is None
    assert mean_accuracy(lucky, 0.0) is None
    assert final_accuracy(lucky) == 0.7
