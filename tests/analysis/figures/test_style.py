"""Drawing tools: labels do not overlap, ticks are round times, files are reproducible."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from analysis.figures.drawing.files import save_figure
from analysis.figures.drawing.labels import spread
from analysis.figures.drawing.time_axis import time_ticks

positions = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(wanted=positions)
def test_spread_keeps_order_gap_and_bounds(wanted: list[float]) -> None:
    placed = spread(wanted, 0.1)
    ranked = [p for _, p in sorted(zip(wanted, placed, strict=True), key=lambda pair: pair[0])]
    assert all(b - a > 0.1 - 1e-9 for a, b in pairwise(sorted(ranked)))
    assert all(
        a <= b or w == v for (w, a), (v, b) in pairwise(sorted(zip(wanted, placed, strict=True)))
    )
    assert min(placed) > -1e-9
    assert max(placed) < 1 + 1e-9


def test_spread_moves_only_overlapping_labels() -> None:
    assert spread([0.9, 0.5, 0.52], 0.1) == pytest.approx([0.9, 0.46, 0.56])
    assert spread([0.98, 1.0], 0.1) == pytest.approx([0.9, 1.0])
    assert spread([0.2, 0.8], 0.1) == [0.2, 0.8]


def test_ticks_are_round_times_with_room_for_their_names() -> None:
    assert time_ticks(8, 4000) == {10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h"}
    assert list(time_ticks(9, 36).values()) == ["10 s", "20 s", "30 s"]
    assert list(time_ticks(3000, 160_000).values()) == ["1 h", "2 h", "5 h", "10 h", "1 d"]


def test_a_figure_gives_the_same_bytes_twice_and_leaves_no_draft(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        figure = Figure()
        figure.subplots().plot([1, 2], [1, 2], "o-", label="line")
        paths = save_figure(figure, tmp_path / name / "accuracy v1.0")
        assert [path.name for path in paths] == ["accuracy v1.0.png", "accuracy v1.0.svg"]
        assert sorted(paths) == sorted((tmp_path / name).iterdir())
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]
    assert contents[0][0].startswith(b"\x89PNG")
    assert b"dc:date" not in contents[0][1]
