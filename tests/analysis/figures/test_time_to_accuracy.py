"""The time-to-accuracy figure: its lines are the evaluations, its texts do not overlap."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from analysis.figures.drawing.look import Look
from analysis.figures.goal import FigureOptions, goal_of
from analysis.figures.time_to_accuracy import time_to_accuracy
from analysis.reading.study import load_study
from learner.spec import Adapter

Make = Callable[..., Any]


def x_values(line: Line2D) -> list[float]:
    return [float(x) for x in np.asarray(line.get_xdata())]


def y_values(line: Line2D) -> list[float]:
    return [float(y) for y in np.asarray(line.get_ydata())]


def words(figure: Figure) -> list[Text]:
    """Every text that is drawn: ticks beyond an axis keep theirs, undrawn."""
    figure.draw_without_rendering()
    beyond = {
        id(tick.label1)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    found = cast(list[Text], figure.findobj(Text))
    return [t for t in found if t.get_visible() and t.get_text() and id(t) not in beyond]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in words(figure)]


def test_every_arm_is_named_and_has_its_colour(five_arms: Path) -> None:
    study = load_study(five_arms)
    accuracy = time_to_accuracy(study).axes[0]
    named = {t.get_text(): t.get_color() for t in accuracy.texts}
    assert set(named) == {*study.arms, "majority class"}
    assert len(set(named.values())) == len(named)


def test_lines_have_the_values_of_the_evaluations(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    scores = [(0.0, 0.1), (10.0, 0.3), (20.0, 0.5)]
    write_run("a", evaluations=[make_evaluation(t, a) for t, a in scores], majority=0.25)
    accuracy = time_to_accuracy(load_study(study_dir)).axes[0]
    curve = accuracy.lines[0]
    assert x_values(curve) == [10.0, 20.0]
    assert y_values(curve) == [0.3, 0.5]
    (majority,) = [line for line in accuracy.lines if line.get_linestyle() == "--"]
    assert y_values(majority) == [0.25, 0.25]
    assert accuracy.get_xscale() == "log"
    assert accuracy.get_ylabel() == "test accuracy"


def test_panels_show_depth_and_width_of_an_arm_that_changes_them(five_arms: Path) -> None:
    _, depth, width = time_to_accuracy(load_study(five_arms)).axes
    assert y_values(depth.lines[0]) == [1, 2, 2, 2, 3, 4, 4, 4, 4, 4]
    assert y_values(width.lines[0]) == [8, 8, 16, 16, 16, 16, 16, 24, 24, 24]
    changed, kept = depth.lines[1:3]
    assert x_values(changed) == [15.0, 60.0, 75.0]
    assert x_values(kept) == [30.0, 45.0, 90.0, 105.0, 120.0]
    assert [text.get_text() for text in depth.texts] == ["FedAdapter"]


@pytest.mark.parametrize(
    ("path", "depths", "widths"),
    [
        ([(1, 8), (2, 8), (3, 8)], ["1", "2", "3"], ["8"]),
        ([(3, 8), (3, 16), (3, 24)], ["3"], ["8", "16", "24"]),
        ([(1, 8), (4, 40), (12, 96)], ["4", "8", "12"], ["32", "64", "96"]),
    ],
)
def test_panels_have_whole_layers_and_units_for_ticks(
    path: list[tuple[int, int]],
    depths: list[str],
    widths: list[str],
    study_dir: Path,
    write_run: Make,
    make_round: Make,
    make_decision: Make,
    make_evaluation: Make,
) -> None:
    steps = [Adapter(depth=depth, width=width) for depth, width in path]
    events = [make_round(9.0, steps[0], branch=name) for name in ("keep", "deeper")]
    events += [make_decision(10.0 * i, step) for i, step in enumerate(steps[1:], start=1)]
    write_run("a", events=events, evaluations=[make_evaluation(40.0, 0.3)])
    figure = time_to_accuracy(load_study(study_dir))
    figure.draw_without_rendering()
    for axes, ticks, unit in zip(figure.axes[1:], (depths, widths), (1, 8), strict=True):
        assert [label.get_text() for label in axes.get_yticklabels()] == ticks
        low, high = axes.get_ylim()
        values = y_values(axes.lines[0])
        assert min(values) - low == high - max(values) >= unit / 2


def test_dollar_signs_in_a_name_are_not_read_as_mathematics(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    write_run("$\\no$", evaluations=[make_evaluation(10.0, 0.3)])
    assert "$\\no$" in texts(time_to_accuracy(load_study(study_dir)))


def test_without_a_changing_configuration_there_is_one_panel(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    write_run("a", evaluations=[make_evaluation(10.0, 0.3)], majority=None)
    figure = time_to_accuracy(load_study(study_dir))
    assert len(figure.axes) == 1
    assert "majority class" not in texts(figure)


def test_texts_are_neither_clipped_nor_overlapping(five_arms: Path) -> None:
    figure = time_to_accuracy(load_study(five_arms))
    shown = words(figure)
    boxes = [(text.get_text(), text.get_window_extent()) for text in shown]
    assert len(boxes) > 15
    for name, box in boxes:
        assert min(box.x0, box.y0) >= 0, name
        assert box.x1 <= figure.bbox.x1, name
        assert box.y1 <= figure.bbox.y1, name
    for (one, a), (other, b) in combinations(boxes, 2):
        assert not a.overlaps(b), f"{one} lies on {other}"


def test_notes_name_seeds_learner_and_unfinished_runs(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    write_run("a", seed=1, evaluations=[make_evaluation(10.0, 0.3)], n_clients=1000)
    assert "1,000 clients · single seed" in texts(time_to_accuracy(load_study(study_dir)))
    write_run("a", seed=2, evaluations=[make_evaluation(9.0, 0.3)], learner="curve", finished=False)
    study = load_study(study_dir)
    drawn = time_to_accuracy(study, goal_of(study, FigureOptions()).look)
    (note,) = [text.replace("\n", " ") for text in texts(drawn) if "clients" in text]
    assert "mean, range, thin: seeds · some runs unfinished" in note
    assert "accuracy from a learning curve, not from training" in note
    assert not [
        text for text in texts(time_to_accuracy(study, Look(has_notes=False))) if "·" in text
    ]


def test_a_study_without_evaluations_is_refused(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    write_run("a", evaluations=[make_evaluation(0.0, 0.1)])
    with pytest.raises(ValueError, match="no run has an evaluation after second 0 yet"):
        time_to_accuracy(load_study(study_dir))


def test_drawing_leaves_the_settings_of_matplotlib_alone(five_arms: Path) -> None:
    before = dict(mpl.rcParams)
    time_to_accuracy(load_study(five_arms))
    assert dict(mpl.rcParams) == before
