"""Policy comparison: marks and ratios of each arm."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest

from analysis.figures.catalogue import draw_all
from analysis.figures.drawing.look import Look
from analysis.figures.goal import FigureOptions
from analysis.figures.policy_comparison import policy_comparison
from analysis.reading.study import Study, load_study
from analysis.tables.arms import arm_frame
from analysis.tables.runs import QUANTITIES

Make = Callable[..., Any]


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


def _shown(study: Study, reference: str, quantity: str = "time", **options: Any) -> Any:
    frame = arm_frame(study, QUANTITIES[cast(Any, quantity)], 0.6, reference)
    return policy_comparison(
        frame, quantity=QUANTITIES[cast(Any, quantity)], reference=reference, **options
    )


def test_a_reference_without_a_value_has_no_ratio_panel_and_a_reason(crossed: Study) -> None:
    reference = "b, rate=10.0, participants=5"  # never reaches 60 %
    figure = _shown(crossed, reference)
    assert len(figure.axes) == 1
    note = figure._suptitle.get_text().replace("\n", " ")
    assert note.endswith(f"no ratios: {reference} has no value")


def test_a_reference_with_a_value_for_some_seeds_has_no_ratio_panel(
    study_dir: Path, write_run: Make, make_held: Make
) -> None:
    for arm, seed, accuracy in (("a", 1, 0.7), ("a", 2, 0.5), ("b", 1, 0.7), ("b", 2, 0.7)):
        digest = f"{arm}" * 16
        write_run(arm, seed=seed, digest=digest, evaluations=make_held(9.0, accuracy))
    figure = _shown(load_study(study_dir), "a")
    assert len(figure.axes) == 1
    note = figure._suptitle.get_text().replace("\n", " ")
    assert note.endswith("no ratios: some seeds of a have no value")


def test_an_amount_of_0_is_on_a_linear_axis_and_is_no_reference(
    study_dir: Path, write_run: Make, make_round: Make
) -> None:
    for i, lost_s in enumerate((0.0, 1.0, 50.0)):
        rounds = [make_round(100.0, compute_s=100.0, lost_s=lost_s)]
        write_run(f"lost {lost_s:g}", digest=f"{i}" * 16, events=rounds)
    study = load_study(study_dir)
    figure = _shown(study, "lost 0", "waste")
    (axes,) = figure.axes
    assert axes.get_xscale() == "linear"
    assert [_x(line) for line in axes.lines if line.get_marker() == "o"] == [0.0, 1.0, 50.0]
    assert figure._suptitle.get_text().replace("\n", " ").endswith("no ratios: lost 0 is 0")
    assert len(_shown(study, "lost 50", "waste").axes) == 2


def test_rounds_of_several_modes_are_said_to_differ(
    study_dir: Path, write_run: Make, make_held: Make
) -> None:
    for i, mode in enumerate(("sync", "async")):
        scenario = {"rounds": {"mode": mode, "participants": 5}}
        write_run(mode, digest=f"{i}" * 16, evaluations=make_held(9.0, 0.6), scenario=scenario)
    options = FigureOptions(quantity="rounds", target=0.5)
    ((_, figure),) = draw_all(load_study(study_dir), options, "policy-comparison")
    note = cast(Any, figure)._suptitle.get_text().replace("\n", " ")
    assert note.endswith("a round of another mode is not the same work")
