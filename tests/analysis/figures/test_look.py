"""What a user chooses for figures: sizes, arms, notes; names and ticks that do not collide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.figures.catalogue import draw_all
from analysis.figures.drawing.line_styles import arm_styles
from analysis.figures.drawing.look import Look
from analysis.figures.drawing.scales import apart
from analysis.figures.drawing.time_axis import time_ticks
from analysis.figures.goal import FigureOptions
from analysis.figures.paper.catalogue import draw_paper
from analysis.reading.arms import chosen_arms, labels_of
from analysis.reading.study import Study, load_study
from analysis.tables.text import shortened

Make = Callable[..., Any]


@pytest.fixture
def eight(study_dir: Path, write_run: Make, make_held: Make) -> Study:
    """Eight arms with long names that differ at their ends alone."""
    for i in range(8):
        name = f"a configuration with a name of many letters, learning rate 0.00{i}"
        write_run(name, evaluations=make_held(10.0 + i, 0.6))
    return load_study(study_dir)


def drawn(study: Study, only: str, **options: Any) -> Figure:
    ((_, figure),) = draw_all(study, FigureOptions(**options), only)
    assert isinstance(figure, Figure), figure
    return figure


def test_size_text_and_notes_are_the_users(eight: Study) -> None:
    look = Look(width_in=3.5, height_in=2.0, text_points=6.0, has_notes=False)
    figure = drawn(eight, "policy-comparison", look=look)
    assert figure.get_size_inches().tolist() == [3.5, 2.0]
    assert figure.axes[0].xaxis.label.get_fontsize() == 6.0
    assert cast(Any, figure)._suptitle is None
    assert drawn(eight, "policy-comparison").get_size_inches()[0] > 7


@pytest.mark.parametrize(
    ("size", "rule"),
    [
        ({"width_in": 0.5}, "a figure's width must be 1 to 50 inches, got 0.5"),
        ({"height_in": 51.0}, "a figure's height must be 1 to 50 inches, got 51"),
        ({"text_points": 3.0}, "text must be 4 to 40 points, got 3"),
        ({"width_in": float("nan")}, "a figure's width must be 1 to 50 inches"),
    ],
)
def test_sizes_that_no_figure_has_are_refused(size: Mapping[str, float], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Look(**cast(Any, size))


def test_an_arm_has_its_colour_in_every_figure_also_when_it_is_drawn_alone(eight: Study) -> None:
    arm = eight.arms[4]
    colour = arm_styles(eight)[arm].colour
    for only in ("time-to-accuracy", "policy-comparison"):
        axes = drawn(eight, only, arms=[arm, eight.arms[0]]).axes[0]
        assert to_hex(colour) in {to_hex(cast(Any, line.get_color())) for line in axes.lines}
    assert chosen_arms(eight, [arm]).arms == (arm,)


def test_an_unknown_arm_is_refused_with_the_known_ones(eight: Study) -> None:
    with pytest.raises(ValueError, match="has no arm 'a'; its arms: 'a configuration"):
        next(iter(draw_all(eight, FigureOptions(arms=["a"]))))


def test_an_arm_of_a_study_with_axes_needs_no_coordinates(crossed: Study) -> None:
    assert chosen_arms(crossed, ["b"]).arms == tuple(a for a in crossed.arms if a.startswith("b"))


def test_what_all_arms_have_in_common_is_named_once(crossed: Study) -> None:
    arms = ["a, rate=10.0, participants=5", "b, rate=10.0, participants=5"]
    assert labels_of(chosen_arms(crossed, arms)) == {arms[0]: "a", arms[1]: "b"}
    assert labels_of(chosen_arms(crossed, arms[:1])) == {arms[0]: arms[0]}
    (note, *_) = drawn(crossed, "time-to-accuracy", arms=arms).texts
    assert note.get_text().startswith("rate 10.0 · rounds.participants 5 · 10 clients")
    mixed = [arms[0], "b, rate=0.5, participants=5"]
    assert list(labels_of(chosen_arms(crossed, mixed)).values()) == ["a, rate=10.0", "b, rate=0.5"]


def test_what_if_figures_along_one_axis(crossed: Study) -> None:
    names = [name for name, _ in draw_all(crossed, FigureOptions(axis="rate"), "what-if")]
    assert names == ["what-if-rate"]
    for only in ("what-if", "cost-to-target"):
        with pytest.raises(ValueError, match=r"has no axis colour; its axes: rate, rounds.partici"):
            next(draw_all(crossed, FigureOptions(axis="colour"), only))
    with pytest.raises(ValueError, match="has no axis colour"):
        next(draw_paper([crossed], FigureOptions(axis="colour")))


def test_labels_of_eight_long_names_leave_room_and_do_not_touch(eight: Study) -> None:
    figure = drawn(eight, "time-to-accuracy")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert axes.get_window_extent().width > 0.5 * figure.bbox.width
    labels = [t for t in cast(list[Text], figure.findobj(Text)) if "0.00" in t.get_text()]
    assert len({label.get_text() for label in labels}) == 8
    boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 + 1 for below, above in pairwise(boxes))
    assert max(box.x1 for box in boxes) <= figure.bbox.width


@given(
    st.lists(st.text("ab, =0", min_size=1, max_size=30), unique=True, min_size=1, max_size=9),
    st.integers(4, 20),
)
def test_shortened_names_stay_different(names: list[str], most: int) -> None:
    short = shortened(names, most)
    assert list(short) == names
    assert len(set(short.values())) == len(names)
    assert all(text == name or "…" in text for name, text in short.items())


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9, unique=True).map(sorted))
def test_ticks_that_are_shown_do_not_touch_and_the_first_is_one(shares: list[float]) -> None:
    shown = apart(shares, [0.2] * len(shares))
    assert shown[0] == 0
    places = [shares[i] for i in shown]
    assert all(b - a >= 0.2 for a, b in pairwise(places))


@given(st.floats(1e-5, 1e7), st.floats(4, 1e6))
def test_every_span_of_time_has_two_named_instants(start_s: float, ratio: float) -> None:
    ticks = time_ticks(start_s, start_s * ratio)
    assert len(ticks) >= 1
    if ratio > 6:
        assert len(ticks) >= 2


def test_the_points_of_an_arm_are_shades_of_its_colour(crossed: Study) -> None:
    styles = arm_styles(crossed)
    for series in ("a", "b"):
        own = [styles[arm].colour for arm in crossed.arms if arm.startswith(f"{series}, ")]
        assert len(set(own)) == 4
        lightness = [sum(to_rgb(colour)) for colour in own]
        assert lightness == sorted(lightness)
        red, _, blue = to_rgb(styles[series].colour)
        assert all((to_rgb(c)[0] > to_rgb(c)[2]) == (red > blue) for c in own)
    assert styles["a"].colour != styles["b"].colour


def test_names_below_every_panel_are_slanted_where_they_do_not_fit(crossed: Study) -> None:
    axes = {"fleet": ["fleet.devices"], "rounds.participants": ["rounds.participants"]}
    long = {0.5: "a_fleet_with_a_name_of_many_letters", 10.0: "a_fleet_with_another_name"}
    places = {
        arm: {"fleet": long[at["rate"]], "rounds.participants": at["rounds.participants"]}
        for arm, at in crossed.coordinates.items()
    }
    named = replace(crossed, axes=axes, coordinates=places)
    for kind, options in (("what-if", {"axis": "fleet"}), ("heat-map", {})):
        figure = drawn(named, kind, target=0.6, **options)
        panels = [panel for panel in figure.axes if panel.get_xlabel() == "fleet"]
        assert len(panels) >= 2
        labels = [label for panel in panels for label in panel.get_xticklabels()]
        assert {label.get_rotation() for label in labels} == {30.0}


def test_times_below_narrow_panels_do_not_touch(
    study_dir: Path, write_run: Make, make_round: Make, make_client: Make, make_evaluation: Make
) -> None:
    for arm in "abcdef":
        rows = [make_client(2000.0, i, down_s=2.0 * 5**i, idle_s=0.0) for i in range(5)]
        events = [*rows, make_round(2000.0, start_s=0.0)]
        write_run(arm, events=events, evaluations=[make_evaluation(2000.0, 0.5)], n_clients=5)
    figure = drawn(load_study(study_dir), "straggler-cdf")
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[-1].get_xticklabels()]
    assert len(boxes) >= 2
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_an_arm_whose_rounds_are_far_shorter_has_a_scale_of_its_own(
    study_dir: Path, write_run: Make, make_round: Make, make_client: Make, make_evaluation: Make
) -> None:
    for arm, down_s in (("long", 500.0), ("short", 5.0)):
        rows = [make_client(down_s, 0, down_s=down_s), make_round(down_s, start_s=0.0)]
        write_run(arm, events=rows, evaluations=[make_evaluation(down_s, 0.5)])
    figure = drawn(load_study(study_dir), "round-breakdown")
    long, short = (panel.get_xlim()[1] for panel in figure.axes)
    assert long > 5 * short
    assert cast(Any, figure)._suptitle.get_text().endswith("panels have different scales")
