"""One run: `run`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer

from .display import Display
from .options import AsJson, Numerics, Out, ScenarioFile, Seed, Set, naming

app = typer.Typer()


@app.command()
def run(
    scenario: ScenarioFile,
    overrides: Set = None,
    seed: Seed = 0,
    out: Out = Path("runs"),
    numerics: Numerics = "fp32",
    as_json: AsJson = False,
) -> None:
    """Run one scenario; interrupted, the same command goes on where it stopped."""
    from learner.numerics import chosen_precision
    from sim import load_scenario, run_scenario

    loaded = load_scenario(scenario, overrides or ())
    with naming(scenario), Display(as_json=as_json) as display:
        result = run_scenario(
            loaded,
            seed=seed,
            out=out,
            precision=chosen_precision(numerics),
            on_progress=display.show,
        )
    if as_json:
        typer.echo(json.dumps(asdict(result), default=str))
        return
    source = "" if result.learner == "torch" else " (a learning curve's, not from training)"
    typer.echo(
        f"{loaded.name}: accuracy {result.accuracy:.1%}{source} after {result.rounds} rounds, "
        f"{result.sim_seconds:,.1f} simulated s ({result.trainings} trainings, "
        f"{result.store_hits} store hits, {result.wall_seconds:.1f} s)\n{result.run_dir}"
    )
