"""The table of published results: simulated hours beside published hours."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.reading.study import Study, load_study
from analysis.tables.formats import render_published
from analysis.tables.published import format_published, published_caption, published_rows

Make = Callable[..., Any]


@pytest.fixture
def study(study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make) -> Study:
    """An arm that reaches 60 % after an hour, of which half an hour was printed."""
    run = write_run(
        "adapter", events=[make_round(3600.0)], evaluations=[make_evaluation(3600.0, 0.6)]
    )
    told = {"arm": "adapter", "targets": [0.6, 0.9], "hours": [0.5, 2], "reason": "another clock"}
    runs = [str(run.relative_to(study_dir))]
    index = {"name": "s", "runs": runs, "source": "Table 0", "published": [told]}
    (study_dir / "study.json").write_text(json.dumps(index))
    return load_study(study_dir)


def test_a_row_has_simulated_and_published_hours_and_the_reason(study: Study) -> None:
    first, second = published_rows(study)
    assert first == {
        "arm": "adapter",
        "accuracy": 0.6,
        "hours": 1.0,
        "printed_hours": 0.5,
        "ratio": 2.0,
        "reason": "another clock",
    }
    assert (second["hours"], second["ratio"]) == (None, None)


def test_a_repeated_reason_is_printed_once(study: Study) -> None:
    _, lines = format_published(published_rows(study))
    assert lines == [
        ["adapter", "0.6", "1.000", "0.5", "2.00", "another clock"],
        ["adapter", "0.9", "not reached", "2", "–", ""],
    ]


def test_published_rows_are_rendered_in_all_formats(study: Study) -> None:
    rows = published_rows(study)
    assert json.loads(render_published(rows, "json", published_caption(study))) == rows
    assert "| adapter | 0.6 | 1.000 |" in render_published(
        rows, "markdown", published_caption(study)
    )
    assert "published: Table 0" in render_published(rows, "markdown", published_caption(study))
    assert render_published(rows, "csv", published_caption(study)).startswith("arm,accuracy,hours,")
    with pytest.raises(ValueError, match="are rendered as markdown, csv or json, got latex"):
        render_published(rows, "latex", published_caption(study))


def test_an_arm_without_runs_has_no_row(study: Study) -> None:
    others = replace(study, runs=(), published=study.published)
    assert published_rows(others) == []
    assert "first crossings" in published_caption(study)
