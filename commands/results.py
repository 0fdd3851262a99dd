"""Commands `table` and `figures`: results of finished runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .display import errors, print_published, print_study
from .options import AsJson, BaselineOption, Crossing, CrossingOption, StudyDir, StudyDirs

if TYPE_CHECKING:
    from analysis import Study

app = typer.Typer()

FigureFormat = Literal["png", "svg", "pdf"]
TableFormat = Literal["text", "markdown", "latex", "csv", "json"]
Measure = Literal[
    "time", "bytes", "energy", "rounds", "accuracy", "utilisation", "waste", "overhead", "length"
]


@app.command()
def table(
    directory: StudyDir,
    as_json: AsJson = False,
    format: Annotated[TableFormat, typer.Option("--format", help="Format of the table.")] = "text",
    target: Annotated[
        list[float] | None,
        typer.Option(help="Target accuracy, 0-1 (repeatable)."),
    ] = None,
    crossing: CrossingOption = "sustained",
    baseline: BaselineOption = None,
) -> None:
    """Print time, bytes and energy to target accuracies by arm, with intervals over seeds."""
    from analysis import caption, load_study, table_rows
    from analysis.tables.formats import render

    loaded, format = load_study(directory), "json" if as_json else format
    warn(loaded)
    if loaded.published and not target:
        _show_published(loaded, format)
        return
    if target:
        rows = table_rows(loaded, target, (), crossing, baseline)
    else:
        rows = table_rows(loaded, crossing=crossing, baseline=baseline)
    text = caption(loaded, crossing)
    if format == "text":
        print_study(rows, text)
    else:
        typer.echo(render(rows, format, text), nl=False)


@app.command()
def figures(
    directories: StudyDirs,
    out: Annotated[Path | None, typer.Option("--out", help="Output folder (first DIR).")] = None,
    only: Annotated[str | None, typer.Option("--only", help="Draw only this figure.")] = None,
    format: Annotated[
        FigureFormat | None, typer.Option("--format", help="File format (all three).")
    ] = None,
    measure: Annotated[Measure, typer.Option(help="Quantity that figures compare.")] = "time",
    target: Annotated[
        float | None, typer.Option(help="Target accuracy, 0-1 (95 % of the best).")
    ] = None,
    crossing: CrossingOption = "sustained",
) -> None:
    """Draw all figures that the runs support, and say why others are left out.

    For several directories: the paper's Figures 5 to 11, with a panel or row per directory.
    """
    formats = None if format is None else [format]
    write_figures(directories, out or directories[0], only, formats, measure, target, crossing)


def _show_published(study: Study, format: TableFormat) -> None:
    """Print the simulated hours beside the published ones."""
    from analysis.tables.formats import render_published
    from analysis.tables.published import published_caption, published_rows

    rows = published_rows(study)
    if format == "text":
        print_published(rows, published_caption(study))
    else:
        typer.echo(render_published(rows, format, published_caption(study)), nl=False)


def write_figures(
    directories: Sequence[Path],
    out: Path,
    only: str | None = None,
    formats: Sequence[FigureFormat] | None = None,
    measure: Measure = "time",
    target: float | None = None,
    crossing: Crossing = "sustained",
) -> None:
    """Write the figures of a study, or the paper's figures of several studies, into `out`.

    Raises ValueError if no figure can be drawn.
    """
    from analysis import load_study, save_figure
    from analysis.figures.catalogue import draw_all
    from analysis.figures.drawing.files import FORMATS
    from analysis.figures.goal import FigureOptions
    from analysis.figures.paper.catalogue import PAPER, draw_paper

    studies = [load_study(directory) for directory in directories]
    for study in studies:
        warn(study)
    options = FigureOptions(quantity=measure, target=target, crossing=crossing)
    of_several = len(studies) > 1 or only in PAPER
    figures = (
        draw_paper(studies, options, only) if of_several else draw_all(studies[0], options, only)
    )
    out.mkdir(parents=True, exist_ok=True)
    n_drawn, reason = 0, ""
    for name, drawn in figures:
        if isinstance(drawn, str):
            reason = f"{name}: {drawn}"
            errors.print(f"left out: {reason}")
            continue
        n_drawn += 1
        for path in save_figure(drawn, out / name, formats or FORMATS):
            errors.print(f"figure: {path}")
    if not n_drawn:
        raise ValueError(f"{directories[0]}: no figure could be drawn; {reason}")


def warn(study: Study) -> None:
    """Print the warnings of a study to standard error."""
    for warning in study.warnings:
        errors.print(f"warning: {warning}")
