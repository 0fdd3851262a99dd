"""The command that writes the trained model of a run: `export`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from .display import Display
from .options import AsJson, RunDir

At = Annotated[
    Literal["best", "final"],
    typer.Option("--at", help="State to write: the best on evaluation.decide_on, or the last."),
]

app = typer.Typer()


@app.command()
def export(
    run_dir: RunDir,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Directory to write; must be new or empty.")
    ],
    at: At = "best",
    as_json: AsJson = False,
) -> None:
    """Write the trained model of a run for `transformers`; a LoRA model also for `peft`."""
    from sim.runs.export import export_run

    with Display(as_json=as_json) as display:
        exported = export_run(run_dir, directory, at=at, on_progress=display.show)
    if as_json:
        typer.echo(json.dumps(asdict(exported), default=str))
        return
    scores = ", ".join(f"{score:.1%} on {split}" for split, score in exported.scores.items())
    typer.echo(f"{exported.config} after {exported.round} rounds: {scores}\n{exported.directory}")
