"""What-if figures: their frames, and what they draw."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from matplotlib.text import Text

from analysis.figures.what_if import series_means, what_if, what_if_frame
from analysis.reading.study import Study
from analysis.tables.runs import QUANTITIES

TIME = QUANTITIES["time"]


def test_the_frame_has_one_row_per_run_with_its_coordinates(crossed: Study) -> None:
    frame = what_if_frame(crossed, "rate", TIME, 0.6)
    assert frame.columns == ["series", "panel", "x", "position", "seed", "value", "spent"]
    assert frame["series"].unique(maintain_order=True).to_list() == ["a", "b"]
    assert set(frame["panel"]) == {"participants 5", "participants 15"}
    wanted = (pl.col("series") == "b") & (pl.col("position") == 0.5) & (pl.col("seed") == 1)
    assert frame.filter(wanted & (pl.col("panel") == "participants 15")).row(0)[4:] == (1, 360, 360)
    # b never reaches 60 % with 5 participants: null, and what it had spent
    assert frame.filter(wanted & (pl.col("panel") == "participants 5")).row(0)[4:] == (1, None, 360)


def test_quantities_without_a_target_are_never_missing(crossed: Study) -> None:
    frame = what_if_frame(crossed, "rate", QUANTITIES["length"])
    assert frame["value"].null_count() == 0
    assert frame["spent"].null_count() == len(frame)


def test_a_mean_needs_every_seed() -> None:
    rows = pl.DataFrame(
        {"position": [1.0, 1.0, 2.0, 2.0], "value": [10.0, 20.0, 5.0, None]},
    )
    one, two = series_means(rows).rows()
    assert one[:2] == (1.0, 15.0)
    assert 10.0 <= one[2] < one[3] <= 20.0
    assert two == (2.0, None, None, None)


def test_an_axis_that_the_study_does_not_have_is_refused(crossed: Study) -> None:
    rule = "has no axis colour; its axes: rate, rounds.participants"
    with pytest.raises(ValueError, match=rule):
        what_if_frame(crossed, "colour", TIME, 0.6)


def test_lines_are_means_and_triangles_are_missed_targets(crossed: Study) -> None:
    frame = what_if_frame(crossed, "rate", TIME, 0.6)
    figure = what_if(frame, axis="rate, MB/s", quantity=TIME, target="60 %")
    fifteen, five = figure.axes
    assert fifteen.get_title(loc="left") == "participants 15"
    assert five.get_title(loc="left") == "participants 5"
    mean, points, missed, *_ = fifteen.lines
    np.testing.assert_allclose(cast(Any, mean.get_ydata()), [190.0, 9.5])
    assert len(cast(Any, points.get_ydata())) == 4
    assert len(cast(Any, missed.get_ydata())) == 0
    hollow = [line for line in five.lines if line.get_marker() == "^"]
    assert [len(cast(Any, line.get_ydata())) for line in hollow] == [0, 4]
    # above the largest amount of all, so that no mark lies on a value
    assert set(cast(Any, hollow[1].get_ydata())) == {400.0 * 1.25}
    assert five.get_xlabel() == "rate, MB/s"
    assert five.get_xscale() == five.get_yscale() == "log"
    told = [text.get_text() for text in cast(list[Text], figure.findobj(Text))]
    assert "mean of 2 seeds, range · △ not reached by the run's end: no value" in told


def test_named_coordinates_are_at_equal_distances(crossed: Study) -> None:
    places = {arm: {"fleet": "tx2" if "0.5" in arm else "nano"} for arm in crossed.arms}
    renamed = Study(
        path=crossed.path,
        runs=crossed.runs,
        axes={"fleet": ["fleet.devices"]},
        coordinates=places,
    )
    frame = what_if_frame(renamed, "fleet", TIME, 0.6)
    assert frame.select("x", "position").unique(maintain_order=True).rows() == [
        ("tx2", 0.0),
        ("nano", 1.0),
    ]
    axes = what_if(frame, axis="fleet", quantity=TIME, target="60 %").axes[0]
    means = [line for line in axes.lines if line.get_marker() == "o"]
    assert {line.get_linestyle() for line in means} == {"None"}  # nothing lies between two names
    drawn = [float(x) for line in means for x in cast(Any, line.get_xdata())]
    assert len(set(drawn)) == len(drawn)  # no arm hides another
    assert [label.get_text() for label in axes.get_xticklabels()] == ["tx2", "nano"]


def test_a_figure_without_values_is_refused(crossed: Study) -> None:
    frame = what_if_frame(crossed, "rate", QUANTITIES["waste"])
    with pytest.raises(ValueError, match="no run has a value for wasted work"):
        what_if(frame, axis="rate", quantity=QUANTITIES["waste"])


def _marks(axes: Any) -> list[tuple[float, float]]:
    """Where hollow triangles are, in pixels."""
    lines = [line for line in axes.lines if line.get_marker() == "^"]
    return [tuple(line.get_transform().transform(xy)) for line in lines for xy in line.get_xydata()]


def test_marks_of_two_arms_that_missed_a_target_lie_apart(crossed: Study) -> None:
    frame = what_if_frame(crossed, "rate", TIME, 0.69).with_columns(
        value=pl.when(pl.col("panel") == "participants 15").then("value")
    )
    figure = what_if(frame, axis="rate, MB/s", quantity=TIME, target="69 %")
    figure.draw_without_rendering()
    (five,) = (axes for axes in figure.axes if axes.get_title(loc="left") == "participants 5")
    assert len({round(x, 1) for x, _ in _marks(five)}) == 4  # two arms at two rates
    assert len({round(y, 1) for _, y in _marks(five)}) == 1


def test_panels_name_the_unit_of_their_axis_and_a_value_that_is_none(crossed: Study) -> None:
    axes = {
        "rate": ["fleet.network.down_mbytes_per_s"],
        "deadline": ["rounds.deadline_s"],
    }
    deadlines = {5: None, 15: 60.0}
    places = {
        arm: {"rate": at["rate"], "deadline": deadlines[at["rounds.participants"]]}
        for arm, at in crossed.coordinates.items()
    }
    study = replace(crossed, axes=axes, coordinates=places)
    assert set(what_if_frame(study, "deadline", TIME, 0.6)["panel"]) == {
        "rate 0.5 MB/s",
        "rate 10.0 MB/s",
    }
    frame = what_if_frame(study, "rate", TIME, 0.6)
    assert set(frame["panel"]) == {"deadline none", "deadline 60.0 s"}
    assert set(what_if_frame(study, "deadline", TIME, 0.6)["x"]) == {"none", "60.0"}
