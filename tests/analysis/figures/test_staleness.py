"""The staleness figure, against hand-computed shares."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.figures.catalogue import draw_all
from analysis.figures.goal import FigureOptions
from analysis.figures.staleness import staleness_figure, staleness_frame
from analysis.reading.study import Study, load_study

Make = Callable[..., Any]


@pytest.fixture
def modes(study_dir: Path, write_run: Make, make_round: Make) -> Study:
    """FedBuff's seeds use updates aged 0, 2 and 0, 1, 1, 2; synchronous rounds have no ages."""
    for seed, ages in ((1, [(0, 2)]), (2, [(0, 1), (1, 2)])):
        rounds = [
            make_round(float(t), reports=(0, 1), ages=both) for t, both in enumerate(ages, start=1)
        ]
        write_run("FedBuff", seed=seed, events=rounds)
    write_run("sync", events=[make_round(1.0, reports=(0, 1))])
    return load_study(study_dir)


def test_shares_are_of_the_updates_of_all_seeds(modes: Study) -> None:
    assert staleness_frame(modes).rows() == [
        ("FedBuff", 0, 2, pytest.approx(1 / 3)),
        ("FedBuff", 1, 2, pytest.approx(1 / 3)),
        ("FedBuff", 2, 2, pytest.approx(1 / 3)),
    ]


def test_bars_are_shares_and_the_mean_is_written(modes: Study) -> None:
    (axes,) = staleness_figure(staleness_frame(modes), modes).axes
    assert axes.get_title(loc="left") == "FedBuff"
    heights = [bar.get_height() for bar in axes.patches]  # type: ignore[attr-defined]
    assert heights == pytest.approx([1 / 3] * 3)
    assert axes.texts[0].get_text() == "mean 1.0\noldest 2"


def test_synchronous_rounds_have_no_staleness_figure(
    study_dir: Path, write_run: Make, make_round: Make
) -> None:
    write_run("sync", events=[make_round(1.0, reports=(0, 1))])
    drawn = dict(draw_all(load_study(study_dir), FigureOptions(), only="staleness"))
    assert drawn == {"staleness": "no update is stale: rounds are synchronous"}
