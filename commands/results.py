"""What finished runs say: `table`, `figures`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from .display import errors, print_study
from .options import AsJson, StudyDir

app = typer.Typer()


@app.command()
def table(directory: StudyDir, as_json: AsJson = False) -> None:
    """Simulated time, bytes and energy to accuracy, arm by arm."""
    show_table(directory, as_json)


@app.command()
def figures(
    directory: StudyDir,
    out: Annotated[Path | None, typer.Option("--out", help="Where figures go (DIR).")] = None,
) -> None:
    """Write the time-to-accuracy figure as PNG and SVG."""
    write_figures(directory, out or directory)


def show_table(directory: Path, as_json: bool) -> None:
    """Print a study's table, with what is missing on standard error."""
    from analysis import load_study, table_rows

    loaded = load_study(directory)
    for warning in loaded.warnings:
        errors.print(f"warning: {warning}")
    rows = table_rows(loaded)
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        print_study(loaded, rows)


def write_figures(directory: Path, out: Path) -> None:
    """Write a study's figures into `out`."""
    from analysis import load_study, save_figure, time_to_accuracy

    out.mkdir(parents=True, exist_ok=True)
    for path in save_figure(time_to_accuracy(load_study(directory)), out / "time-to-accuracy"):
        errors.print(f"figure: {path}")
