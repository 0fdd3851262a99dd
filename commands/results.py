"""Commands `table` and `figures`: results of finished runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .display import print_published, print_study, tell
from .options import AsJson, BaselineOption, CrossingOption, StudyDir, StudyDirs

if TYPE_CHECKING:
    from analysis import Study
    from analysis.figures.goal import FigureOptions

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
    arms: Annotated[
        list[str] | None,
        typer.Option("--arms", metavar="ARM", help="Compare only this arm (repeatable)."),
    ] = None,
    baseline: BaselineOption = None,
    share_of: Annotated[
        str | None,
        typer.Option(
            "--share-of",
            metavar="ARM",
            help="Targets are 90, 95 and 99 % of this arm's best accuracy (of any arm's).",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            help="Columns beside arm and target, such as time,ratio,p; also bytes, energy, "
            "speed-up, final, best, idle, lost-trials, excluded (repeatable; not for csv and json)."
        ),
    ] = None,
) -> None:
    """Print time, bytes and energy to target accuracies by arm, with intervals over seeds."""
    from analysis import caption, load_study, table_rows
    from analysis.reading.arms import chosen_arms
    from analysis.tables.formats import render

    if as_json and format not in ("text", "json"):
        raise ValueError(f"--json and --format {format} are different formats: name one")
    loaded = chosen_arms(load_study(directory), arms or ())
    format = "json" if as_json else format
    warn(loaded, as_json)
    chosen = [name.strip() for text in columns or () for name in text.split(",")]
    if loaded.published and not (target or share_of or baseline or chosen):
        _show_published(loaded, format)
        return
    levels = target or (() if share_of else None)
    shares = () if target and not share_of else None
    rows = table_rows(loaded, levels, shares, crossing, baseline, share_of)
    text = caption(loaded, crossing, baseline)
    if format == "text":
        print_study(rows, text, chosen)
    else:
        typer.echo(render(rows, format, text, directory.resolve().name, chosen), nl=False)


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
    arms: Annotated[
        list[str] | None,
        typer.Option("--arms", metavar="ARM", help="Draw only this arm (repeatable)."),
    ] = None,
    axis: Annotated[
        str | None, typer.Option("--axis", help="Draw what-if figures along this axis alone.")
    ] = None,
    baseline: BaselineOption = None,
    width: Annotated[float | None, typer.Option("--width", help="Width in inches.")] = None,
    height: Annotated[float | None, typer.Option("--height", help="Height in inches.")] = None,
    font_size: Annotated[
        float, typer.Option("--font-size", help="Size of labels in points.")
    ] = 12.0,
    caption: Annotated[
        bool, typer.Option("--caption/--no-caption", help="Write notes above the figures.")
    ] = True,
) -> None:
    """Draw all figures that the runs support, and say why others are left out.

    For several directories: the paper's Figures 5 to 11, with a panel or row per directory.
    """
    from analysis.figures.drawing.look import Look
    from analysis.figures.goal import FigureOptions

    look = Look(width_in=width, height_in=height, text_points=font_size, has_notes=caption)
    options = FigureOptions(
        quantity=measure,
        target=target,
        crossing=crossing,
        arms=arms or (),
        axis=axis,
        baseline=baseline,
        look=look,
    )
    formats = None if format is None else [format]
    write_figures(directories, out or directories[0], only, formats, options)


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
    options: FigureOptions | None = None,
    as_json: bool = False,
) -> None:
    """Write the figures of a study, or the paper's figures of several studies, into `out`.

    Raises ValueError if no figure can be drawn.
    """
    from analysis import load_study, save_figure
    from analysis.figures.catalogue import draw_all
    from analysis.figures.drawing.files import FORMATS
    from analysis.figures.drawing.style import CURVE_NOTE
    from analysis.figures.goal import FigureOptions, has_curve
    from analysis.figures.paper.catalogue import PAPER, draw_paper

    studies = [load_study(directory) for directory in directories]
    for study in studies:
        warn(study, as_json)
        if options and not options.look.has_notes and has_curve(study):
            tell("note", f"note: {study.path}: {CURVE_NOTE}", as_json)
    options = options or FigureOptions()
    of_several = len(studies) > 1 or only in PAPER
    figures = (
        draw_paper(studies, options, only) if of_several else draw_all(studies[0], options, only)
    )
    out.mkdir(parents=True, exist_ok=True)
    n_drawn, reason = 0, ""
    for name, drawn in figures:
        if isinstance(drawn, str):
            reason = f"{name}: {drawn}"
            tell("left out", f"left out: {reason}", as_json, figure=name, reason=drawn)
            continue
        n_drawn += 1
        for path in save_figure(drawn, out / name, formats or FORMATS):
            tell("figure", f"figure: {path}", as_json, path=path)
    if not n_drawn:
        raise ValueError(f"{directories[0]}: no figure could be drawn; {reason}")


def warn(study: Study, as_json: bool = False) -> None:
    """Print the warnings of a study to standard error."""
    for warning in study.warnings:
        tell("warning", f"warning: {warning}", as_json)
