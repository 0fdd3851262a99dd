"""The command that simulates one scenario: `run`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .display import Display
from .options import AsJson, Numerics, Out, ScenarioFile, Seed, Set, naming

app = typer.Typer()

Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        min=1,
        help="Number of training processes. The results do not depend on it. Each process takes "
        "about 4 s to start and at least 0.3 GB, which pays off in runs that last minutes.",
    ),
]


@app.command()
def run(
    scenario: ScenarioFile,
    overrides: Set = None,
    seed: Seed = 0,
    out: Out = Path("runs"),
    workers: Workers = 1,
    numerics: Numerics = "fp32",
    as_json: AsJson = False,
) -> None:
    """Run one scenario. To resume an interrupted run, repeat the command."""
    from learner.training.numerics import chosen_precision
    from sim import load_scenario, run_scenario

    loaded = load_scenario(scenario, overrides or ())
    with naming(scenario), Display(as_json=as_json) as display:
        result = run_scenario(
            loaded,
            seed=seed,
            out=out,
            precision=chosen_precision(numerics),
            workers=workers,
            on_progress=display.show,
        )
    if as_json:
        typer.echo(json.dumps(asdict(result), default=str))
        return
    source = "" if result.learner == "torch" else " (from a learning curve, not from training)"
    typer.echo(
        f"{loaded.name}: accuracy {result.accuracy:.1%}{source} after {result.rounds} rounds, "
        f"{result.sim_seconds:,.1f} simulated s ({result.trainings} trainings, "
        f"{result.store_hits} store hits, {result.wall_seconds:.1f} s)\n{result.run_dir}"
    )
