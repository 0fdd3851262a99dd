"""The paper's figures: what each needs from the studies, and the frames that they draw."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from analysis.figures.goal import FigureOptions
from analysis.figures.paper.bars import bars
from analysis.figures.paper.catalogue import PAPER, draw_paper
from analysis.figures.paper.curves import band_of, curves
from analysis.figures.paper.frames import axis_frame, batch_frame, relative_frame
from analysis.figures.paper.lines import lines
from analysis.reading.study import Study, load_study
from analysis.tables.runs import QUANTITIES
from sim import run_study
from sim.study.file import load_study as read_study

SCENARIOS = Path(__file__).parents[4] / "scenarios/paper/figures"


def drawn(*studies: Study, only: str | None = None, **options: Any) -> dict[str, Figure | str]:
    return dict(draw_paper(studies, FigureOptions(**options), only))


@pytest.fixture(scope="module")
def ablation(tmp_path_factory: pytest.TempPathFactory) -> Study:
    out = tmp_path_factory.mktemp("ablation")
    run_study(read_study(SCENARIOS / "8-20news.yaml"), out=out, workers=1)
    return load_study(out / "20NEWS")


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: str(path.stem))
def test_every_study_of_the_papers_figures_loads(path: Path) -> None:
    assert read_study(path).arms


def test_the_ablation_takes_the_hours_that_the_artifact_printed(ablation: Study) -> None:
    frame = axis_frame([ablation], {"fleet.devices"}.__contains__, QUANTITIES["length"], [None])
    hours = frame.select("series", "x", pl.col("value") / 3600).rows()
    assert [(s, x) for s, x, _ in hours[:2]] == [("FT", "TX2"), ("FT", "RPi")]
    printed = [43.95175, 88.445, 6.147444, 106.980444, 4.91625, 96.52, 1.4725, 27.645]
    assert [value for *_, value in hours] == pytest.approx(printed, abs=1e-6)


def test_figure_8_needs_arms_with_and_without_cache(ablation: Study) -> None:
    figures = drawn(ablation, quantity="length")
    assert figures["paper-fig-7"] == "some arms have a cache and some have none: draw Figure 8"
    figure = figures["paper-fig-8"]
    assert isinstance(figure, Figure)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["20NEWS, TX2", "20NEWS, RPi"]
    assert [bar.get_height() for bar in figure.axes[0].patches] == pytest.approx(  # type: ignore[attr-defined]
        [43.95175, 6.147444, 4.91625, 1.4725], abs=1e-6
    )


def test_a_figure_that_studies_do_not_support_says_why(ablation: Study) -> None:
    figures = drawn(ablation)
    assert figures["paper-fig-6"] == "20NEWS: its axis sets other keys: fleet.devices"
    assert figures["paper-fig-9"] == (
        "needs an arm of sideline trials and at least two fixed adapters"
    )


def test_unknown_and_repeated_names_are_refused(ablation: Study) -> None:
    with pytest.raises(ValueError, match="no figure of several directories is named x; known: "):
        drawn(ablation, only="x")
    with pytest.raises(ValueError, match="must differ in their last names, got 20NEWS, 20NEWS"):
        drawn(ablation, ablation)


def test_batch_times_are_those_of_the_published_table(tmp_path: Path) -> None:
    run_study(read_study(SCENARIOS / "10-bert.yaml"), out=tmp_path, workers=1)
    frame = batch_frame([load_study(tmp_path / "BERT-base")], lambda key: key.endswith(".depth"))
    cached = frame.filter(series="with cache").sort("position")["value"].to_list()
    assert cached[:4] == pytest.approx([0.02, 0.09, 0.18, 0.27])
    bare = frame.filter(series="without cache").sort("position")["value"].to_list()
    assert bare[:4] == pytest.approx([0.57, 0.57, 0.63, 0.66])


def test_distilbert_batch_times_are_a_twentieth_of_the_raspberry_pi(tmp_path: Path) -> None:
    run_study(read_study(SCENARIOS / "10-distilbert.yaml"), out=tmp_path, workers=1)
    frame = batch_frame([load_study(tmp_path / "DistilBERT")], lambda key: key.endswith(".depth"))
    cached = frame.filter(series="with cache").sort("position")["value"] * 20
    assert cached.to_list() == pytest.approx([0.15, 2.14, 4.27, 5.96, 7.9, 9.92, 10.94])
    bare = frame.filter(series="without cache").sort("position")["value"] * 20
    assert bare.to_list() == pytest.approx([7.05, 6.98, 7.85, 8.76, 9.87, 10.78, 11.65])


def test_relative_accuracy_ends_where_the_target_is_reached(five_arms: Path) -> None:
    study = load_study(five_arms)
    frame = relative_frame(study, 0.7, "first")
    ends = frame.group_by("arm", maintain_order=True).agg(
        pl.col("share").last(), below=(pl.col("share").slice(0, pl.len() - 1) < 1.0).all()
    )
    reached = ends.filter(pl.col("share") >= 1.0)
    assert set(reached["arm"]) == set(study.arms) - {"fixed (1, 8)"}
    assert reached["below"].all()


def test_a_sustained_target_ends_the_line_later_than_a_first_crossing(five_arms: Path) -> None:
    study = load_study(five_arms)
    ends = [
        relative_frame(study, 0.7, kind).filter(arm="fixed (3, 16)")["t_s"][-1]
        for kind in ("first", "sustained")
    ]
    assert ends[0] < ends[1]


def test_a_missed_target_is_written_in_the_place_of_its_bar() -> None:
    frame = pl.DataFrame(
        {
            "study": ["study"] * 2,
            "series": ["one", "two"],
            "x": ["TX2"] * 2,
            "position": [0.0, 0.0],
            "seed": [0, 0],
            "value": [2.0, None],
        }
    )
    (axes,) = bars(frame, y_label="time", unit="s", is_one_row=True).axes
    assert [text.get_text() for text in axes.texts] == ["2", "not reached"]
    assert axes.get_xlim() == (-0.6, 1.6)


def test_figure_5_has_one_panel_per_study(five_arms: Path) -> None:
    study = load_study(five_arms)
    other = replace(study, path=study.path.parent / "other")
    figure = drawn(study, other, only="paper-fig-5")["paper-fig-5"]
    assert isinstance(figure, Figure)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["study", "other"]
    assert all(len(axes.lines) == 5 for axes in figure.axes)


def test_a_band_covers_the_runs_evaluated_so_far() -> None:
    frame = pl.DataFrame(
        {
            "arm": ["a", "a", "b", "b"],
            "seed": [0, 0, 0, 0],
            "t_s": [0.0, 10.0, 5.0, 10.0],
            "share": [0.0, 1.0, 0.2, 0.6],
        }
    )
    band = band_of(frame)
    assert band.row(0) == (0.0, 0.0, 0.0, 0.0)
    assert band.row(-1) == pytest.approx((10.0, 0.6, 0.8, 1.0))


def test_a_mean_needs_every_seed_and_each_seed_is_a_dot() -> None:
    frame = pl.DataFrame(
        {
            "study": ["study"] * 4,
            "series": ["trials"] * 4,
            "x": ["3", "3", "9", "9"],
            "position": [3.0, 3.0, 9.0, 9.0],
            "seed": [0, 1, 0, 1],
            "value": [2.0, 4.0, 6.0, None],
        }
    )
    (axes,) = lines(frame, x_label="clients a round", y_label="time", unit="s").axes
    mean, dots = (np.asarray(line.get_ydata(), dtype=float) for line in axes.lines)
    assert mean == pytest.approx([3.0, np.nan], nan_ok=True)
    assert dots == pytest.approx([2.0, 4.0, 6.0, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("longest_s", "banded", "scale", "ends"),
    [
        (400.0, (), "log", (4.0 / 1.1, 440.0)),
        (40.0, (), "linear", (0.0, 41.2)),
        (400.0, ("b",), "linear", (0.0, 412.0)),
    ],
)
def test_time_is_logarithmic_where_runs_differ_much_in_length(
    longest_s: float, banded: tuple[str, ...], scale: str, ends: tuple[float, float]
) -> None:
    frame = pl.DataFrame(
        {
            "arm": ["a", "a", "b", "b"],
            "seed": [0, 0, 0, 0],
            "t_s": [0.0, 8.0, 4.0, longest_s],
            "share": [0.1, 1.2, 0.2, 0.6],
        }
    )
    (axes,) = curves({"study": frame}, banded=banded).axes
    assert axes.get_xscale() == scale
    unit_s = 60.0 if "min" in axes.get_xlabel() else 1.0
    assert tuple(x * unit_s for x in axes.get_xlim()) == pytest.approx(ends)
    assert axes.get_ylim()[1] > 1.2  # the last accuracy is above the target, and seen


def test_every_figure_is_drawn_or_gives_a_reason() -> None:
    assert list(PAPER) == [f"paper-fig-{number}" for number in range(5, 12)]
