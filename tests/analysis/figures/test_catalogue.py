"""Properties of every figure in the catalogue."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis import load_study
from analysis.figures.catalogue import draw_all
from analysis.figures.drawing.files import save_figure
from analysis.figures.drawing.style import CURVE_NOTE
from analysis.figures.goal import FigureOptions
from sim.records import TransferRow


def test_every_figure_of_a_learning_curve_says_so(
    study_dir: Path, write_run: Any, make_round: Any, make_evaluation: Any
) -> None:
    for arm, digest in (("one", "0" * 16), ("two", "1" * 16)):
        rounds = [make_round(10.0 * k, n_bytes=10**6, energy_j=1.0) for k in range(1, 5)]
        points = [make_evaluation(10.0 * k, 0.2 * k) for k in range(1, 5)]
        write_run(arm, events=rounds, evaluations=points, learner="curve", digest=digest)
    drawn = dict(draw_all(load_study(study_dir), FigureOptions()))
    figures = [figure for figure in drawn.values() if isinstance(figure, Figure)]
    assert len(figures) >= 3
    for figure in figures:
        texts = [text.get_text() for text in figure.findobj(Text)]
        assert sum(CURVE_NOTE in text for text in texts) == 1


def test_names_are_text_and_not_mathematics(
    study_dir: Path, write_run: Any, make_round: Any, make_evaluation: Any
) -> None:
    names = (r"$\input{x}$", "costs $5 or $9")
    for arm, digest in zip(names, ("0" * 16, "1" * 16), strict=True):
        rounds = [make_round(10.0 * k, n_bytes=10**6, energy_j=1.0) for k in range(1, 5)]
        points = [make_evaluation(10.0 * k, 0.2 * k) for k in range(1, 5)]
        write_run(arm, events=rounds, evaluations=points, digest=digest)
    for name, figure in dict(draw_all(load_study(study_dir), FigureOptions())).items():
        if isinstance(figure, Figure):
            save_figure(figure, study_dir / "figure", ["svg"])
            texts = figure.findobj(Text)
            as_math = [text for text in texts if "$" in text.get_text() and text.get_parse_math()]
            assert as_math == [], name
            assert any(names[1] in text.get_text() for text in texts)


def test_figures_of_different_arms_and_seeds_have_different_names(
    study_dir: Path, write_run: Any, make_round: Any, make_client: Any, make_evaluation: Any
) -> None:
    for arm, seed in (("层一", 1), ("层二", 3_000_000_000)):
        moved = TransferRow(t_s=9.0, start_s=1.0, client=0, direction="up", bytes=5, status="done")
        events = [moved, make_client(10.0, 0), make_round(10.0)]
        points = [make_evaluation(10.0, 0.5)]
        write_run(arm, seed=seed, digest=f"{seed:016}", events=events, evaluations=points)
    drawn = list(draw_all(load_study(study_dir), FigureOptions()))
    names = [name for name, figure in drawn if isinstance(figure, Figure)]
    assert {"round-gantt-arm", "round-gantt-arm-2", "round-breakdown"} <= set(names)
    assert len(set(names)) == len(names)
