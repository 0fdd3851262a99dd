"""Policy comparison: marks and ratios of each arm."""

from typing import Any, cast

import polars as pl
import pytest

from analysis.figures.drawing.look import Look
from analysis.figures.policy_comparison import policy_comparison
from analysis.reading.study import Study
from analysis.tables.arms import arm_frame
from analysis.tables.runs import QUANTITIES


def _x(line: Any) -> float:
    return float(cast(Any, line.get_xdata())[0])


TIME = QUANTITIES["time"]


def test_arms_are_in_order_with_means_intervals_and_ratios(crossed: Study) -> None:
    frame = arm_frame(crossed, TIME, 0.6)
    figure = policy_comparison(frame, quantity=TIME, reference=crossed.arms[0], target="60 %")
    left, right = figure.axes
    figure.draw_without_rendering()
    assert [label.get_text() for label in left.get_yticklabels()] == list(crossed.arms)
    means = [line for line in left.lines if line.get_marker() in ("o", ">")]
    arrows = [line for line in means if line.get_marker() == ">"]
    reached = frame.filter(~pl.col("is_lower_bound"))["mean"].to_list()
    drawn = [_x(line) for line in means if line.get_marker() == "o"]
    assert (drawn, len(arrows)) == (reached, 2)
    # an arm that missed the target lies to the right of every other, in pixels
    ends = [line.get_transform().transform((_x(line), 0.0))[0] for line in means]
    missed = [line.get_transform().transform((_x(line), 0.0))[0] for line in arrows]
    assert sorted(ends)[-2:] == missed
    assert [text.get_text() for text in left.texts] == ["0 of 2 reached it"] * 2
    ratios = [line for line in right.lines if line.get_marker() == "o"]
    assert len(ratios) == len(crossed.arms) - 2
    assert "means of 2 seeds with range" in cast(Any, figure)._suptitle.get_text()


def test_arms_without_values_are_refused(crossed: Study) -> None:
    frame = arm_frame(crossed, QUANTITIES["overhead"])
    with pytest.raises(ValueError, match="no arm has a value for work for losing trial branches"):
        policy_comparison(frame, quantity=QUANTITIES["overhead"], reference="a")


def test_panels_of_a_narrow_figure_are_one_above_the_other(crossed: Study) -> None:
    frame = arm_frame(crossed, TIME, 0.6)
    look = Look(width_in=3.3, text_points=8.0)
    figure = policy_comparison(frame, quantity=TIME, reference=crossed.arms[0], look=look)
    figure.draw_without_rendering()
    first, second = (axes.get_position() for axes in figure.axes)
    assert (first.x0, first.width) == pytest.approx((second.x0, second.width))
    assert first.y0 > second.y1
