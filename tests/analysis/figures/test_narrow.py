"""Figures as wide as a column of a paper: nothing is cut or printed over something else."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from matplotlib.figure import Figure

from analysis.figures.catalogue import draw_all
from analysis.figures.drawing.look import Look
from analysis.figures.goal import FigureOptions
from analysis.reading.study import Study, load_study

Make = Callable[..., Any]
NARROW = Look(width_in=3.3, text_points=8.0)
DEVICES = ["jetson-nano", "jetson-tx2", "raspberry-pi-4b"]
MODES = ("sync", "deadline", "over", "async", "buffered", "dropout")


@pytest.fixture
def six(
    study_dir: Path, write_run: Make, make_round: Make, make_client: Make, make_held: Make
) -> Study:
    """Six arms with three device classes."""
    for i, arm in enumerate(MODES):
        slow = {"down_s": 1.0, "compute_s": 50.0 * i, "idle_s": 0.0}
        rows = [make_client(500.0, n, **slow) for n in range(3)]
        events = [*rows, make_round(500.0, start_s=0.0, clients=(0, 1, 2))]
        write_run(
            arm,
            digest=f"{i}" * 16,
            events=events,
            evaluations=make_held(500.0, 0.5 + 0.001 * i),
            facts={"device_of_client": DEVICES},
            n_clients=3,
        )
    return load_study(study_dir)


def narrow(study: Study, only: str, look: Look = NARROW, **options: Any) -> Figure:
    ((_, figure),) = draw_all(study, FigureOptions(look=look, **options), only)
    assert isinstance(figure, Figure), figure
    figure.draw_without_rendering()
    return figure


def are_apart(artists: list[Any]) -> bool:
    boxes = [one.get_window_extent() for one in artists if one.get_text()]
    return all(left.x1 < right.x0 or left.y0 > right.y1 for left, right in pairwise(boxes))


@pytest.mark.parametrize("only", ["round-breakdown", "straggler-cdf"])
def test_panels_of_a_narrow_figure_have_whole_names_and_labels_apart(six: Study, only: str) -> None:
    figure = narrow(six, only)
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == list(six.arms)
    assert len({axes.get_position().x0 for axes in panels}) == 2
    assert are_apart([axes.xaxis.label for axes in panels[-2:]])
    assert all(are_apart(axes.get_xticklabels()) for axes in panels)
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width


def test_the_legend_of_a_narrow_gantt_chart_is_not_clipped(one_round: Study) -> None:
    figure = narrow(one_round, "round-gantt")
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width


def test_panels_of_a_wide_figure_are_three_in_a_row(six: Study) -> None:
    figure = narrow(six, "straggler-cdf", Look())
    assert len({axes.get_position().x0 for axes in figure.axes}) == 3
    assert figure.get_size_inches().tolist() == pytest.approx([10.2, 6.8])


def test_rounds_below_a_narrow_figure_do_not_touch(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    points = [replace(make_evaluation(float(n), n / 1000), round=n) for n in (100, 800)]
    write_run("a", evaluations=points)
    figure = narrow(load_study(study_dir), "accuracy-by-round")
    labels = [label for label in figure.axes[0].get_xticklabels() if label.get_text()]
    assert 3 <= len(labels) <= 7
    assert are_apart(labels)


def test_a_name_that_has_room_is_whole(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    write_run("full fine-tuning", evaluations=[make_evaluation(t, 0.3) for t in (1.0, 9.0)])
    figure = narrow(load_study(study_dir), "time-to-accuracy")
    assert "full fine-tuning" in [text.get_text() for text in figure.axes[0].texts]


def test_lines_and_marks_follow_the_size_of_the_text(six: Study) -> None:
    sizes = []
    for look in (Look(), NARROW):
        axes = narrow(six, "time-to-accuracy", look).axes[0]
        line, dot = axes.lines[:2]
        sizes.append((line.get_linewidth(), dot.get_markersize()))
    assert sizes[0] == (1.8, 5.5)
    assert sizes[1] == pytest.approx((1.2, 5.5 * 2 / 3))


def test_no_dot_of_a_low_figure_is_clipped(six: Study) -> None:
    figure = narrow(six, "policy-comparison", Look(height_in=2.2))
    dots = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "o"]
    assert len(dots) > len(MODES)
    assert not any(dot.get_clip_on() for dot in dots)


def test_titles_of_narrow_panels_are_apart(crossed: Study) -> None:
    figure = narrow(crossed, "what-if", axis="rounds.participants")
    titles = [cast(Any, axes)._left_title for axes in figure.axes]
    assert [title.get_text().replace("\n", " ") for title in titles] == [
        "rate 0.5 MB/s",
        "rate 10.0 MB/s",
    ]
    assert are_apart(titles)
