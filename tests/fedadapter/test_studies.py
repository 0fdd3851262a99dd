"""Studies and their figures from Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import fedadapter as fa
from analysis import load_study, table_rows
from tests.fedadapter.conftest import SMALL

ARMS = {"few": {}, "many": {"rounds.participants": 8}}


@pytest.fixture
def study(tmp_path: Path) -> fa.Study:
    return fa.study({"name": "two", "base": SMALL, "arms": ARMS, "seeds": [3, 4]}, out=tmp_path)


def test_a_study_has_runs_and_tables(study: fa.Study) -> None:
    assert study.arms == ("few", "many")
    assert [(run.arm, run.seed) for run in study.runs] == [
        *(("few", 3), ("few", 4)),
        *(("many", 3), ("many", 4)),
    ]
    table = study.table([0.5, 0.6], baseline="few")
    assert table["target_accuracy"].to_list() == [0.5, 0.5, 0.6, 0.6]
    assert table.to_dicts() == table_rows(
        load_study(study.directory), [0.5, 0.6], (), "sustained", "few"
    )
    assert study.table()["arm"].to_list()[:2] == ["few", "many"]
    per_run = study.run_table(0.5)
    assert per_run["seed"].to_list() == [3, 4, 3, 4]
    reached = study.run_table().drop_nulls("reached_s")  # 95 % of the best
    assert set(reached["arm"]) == {"many"}


def test_a_file_and_other_seeds_are_accepted(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(json.dumps({"base": SMALL, "arms": ARMS}))
    study = fa.study(tmp_path / "study.yaml", {"stop.rounds": 2}, seeds=range(2), out=tmp_path)
    assert [run.seed for run in study.runs] == [0, 1, 0, 1]
    assert {run.rounds.height for run in study.runs} == {2}
    assert fa.open_study(study.directory).arms == study.arms


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"base": SMALL, "arms": ARMS}, "^study: name must be text that can name a directory"),
        ({"name": "x", "base": SMALL, "arms": {}}, "^study: arms must be a mapping with at least"),
        ({"name": "x", "bases": SMALL}, "^study: bases is not a known key"),
        ({"name": "x", "base": "none.yaml", "arms": ARMS}, "^study: base: none.yaml: "),
    ],
)
def test_a_bad_study_is_refused(content: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(fa.ScenarioError, match=complaint):
        fa.study(content, out=tmp_path)


def test_equal_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="seeds must be at least one, and differ"):
        fa.study({"name": "x", "base": SMALL, "arms": ARMS}, seeds=[1, 1], out=tmp_path)


def test_a_figure_displays_itself(study: fa.Study, tmp_path: Path) -> None:
    figure = study.figure("time-to-accuracy", width_in=5, height_in=3, arms=["few"])
    png, size = figure._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size == {"width": 500}
    assert int.from_bytes(png[16:20]) == 1000  # pixels
    (saved,) = figure.save(tmp_path / "figure", ["png"])
    assert saved.read_bytes()[16:24] == png[16:24]  # the same pixels
    assert "time-to-accuracy" in study.figures()


def test_a_figure_that_cannot_be_drawn_says_why(study: fa.Study) -> None:
    with pytest.raises(ValueError, match=r"^heat-map: a heat map needs two axes"):
        study.figure("heat-map")
    with pytest.raises(ValueError, match="no figure is named heat; known: "):
        study.figure("heat")
    with pytest.raises(ValueError, match="has no arm 'lots'"):
        study.figure("time-to-accuracy", arms=["lots"])


def test_one_of_several_figures_of_a_kind_is_named(tmp_path: Path) -> None:
    content = {"name": "x", "base": SMALL, "arms": ARMS}
    study = fa.study(content, {"log": "all", "stop.rounds": 2}, out=tmp_path)
    assert study.figure("round-gantt-few").name == "round-gantt-few"
    with pytest.raises(ValueError, match="of this kind: round-gantt-few, round-gantt-many"):
        study.figure("round-gantt")
    assert study.runs[0].figure("round-gantt").name == "round-gantt-few"
    assert study.runs[0].tables()["client"].height == 8


def test_a_learning_curve_is_named_where_the_figure_does_not(study: fa.Study) -> None:
    with pytest.warns(UserWarning, match="accuracy from a learning curve, not from training"):
        study.figure("time-to-accuracy", has_notes=False)


def test_only_public_names_are_listed() -> None:
    assert dir(fa) == fa.__all__
