"""Many runs: `demo`, `study`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import typer

from .display import Display, errors
from .options import AsJson, Out, Set, StudyFile, Workers
from .results import show_table, write_figures

DEMO = Path(__file__).resolve().parents[1] / "scenarios" / "demo.yaml"

app = typer.Typer()


@app.command()
def demo(out: Out = Path("runs"), workers: Workers = None, as_json: AsJson = False) -> None:
    """Five ways to fine-tune on a mixed fleet: the table and the time-to-accuracy figure."""
    errors.print("model and data (110 MB) are fetched once, into the cache")
    directory = _study(DEMO, (), out, workers)
    show_table(directory, as_json)
    write_figures(directory, directory, only="time-to-accuracy", formats=("png", "svg"))


@app.command()
def study(
    file: StudyFile,
    overrides: Set = None,
    out: Out = Path("runs"),
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Run every arm of a study with every seed, then print the table."""
    directory = _study(file, overrides or (), out, workers)
    show_table(directory, as_json)


def _study(file: Path, overrides: Sequence[str], out: Path, workers: int | None) -> Path:
    from sim import load_study, run_study

    loaded = load_study(file, overrides)
    with Display() as display:
        run_study(loaded, out=out, workers=workers or os.cpu_count() or 1, on_progress=display.show)
    return out / loaded.name
