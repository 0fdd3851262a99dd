"""Heat maps: hand-computed cells, and errors."""

import pytest

from analysis.figures.heat_map import heat_map, heat_map_frame
from analysis.reading.study import Study
from analysis.tables.runs import QUANTITIES

AXES = ("rate", "rounds.participants")


def test_cells_hold_means_over_seeds_where_all_reach_the_target(crossed: Study) -> None:
    frame = heat_map_frame(crossed, AXES, QUANTITIES["time"], 0.6)
    assert len(frame) == 8
    cells = {(s, x, y): mean for s, x, y, mean, _ in frame.rows()}
    assert cells["a", "0.5", "5"] == pytest.approx(190.0)
    assert cells["b", "10.0", "15"] == pytest.approx(19.0)
    assert cells["b", "0.5", "5"] is None


def test_panels_are_arms_and_cells_have_text(crossed: Study) -> None:
    frame = heat_map_frame(crossed, AXES, QUANTITIES["time"], 0.6)
    figure = heat_map(frame, axes=AXES, quantity=QUANTITIES["time"], target="60 %")
    a, b, bar = figure.axes
    assert sorted(text.get_text() for text in a.texts) == ["3.17 min", "3.17 min", "9.5 s", "9.5 s"]
    assert [text.get_text() for text in b.texts].count("×") == 2
    assert bar.get_ylabel() == "time to 60 %"


def test_a_third_axis_is_refused(crossed: Study) -> None:
    with pytest.raises(ValueError, match=r"two axes; rounds\.participants would be a third"):
        heat_map_frame(crossed, ("rate", "rate"), QUANTITIES["time"], 0.6)
