"""The command that simulates one scenario: `run`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from .display import Display, errors, page
from .options import AsJson, Numerics, Out, ScenarioFile, Seed, Set, StudyDir, naming
from .precision import precision_of

if TYPE_CHECKING:
    from sim.runs.inventory import FoundRun

Fresh = Annotated[
    bool,
    typer.Option(
        "--fresh",
        help="Train every state, as if none were stored, and store none. Models and data are kept. "
        "The rows must be those of an earlier run in the same directory.",
    ),
]

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
    fresh: Fresh = False,
    as_json: AsJson = False,
) -> None:
    """Run one scenario. To resume an interrupted run, repeat the command."""
    from sim import load_scenario, run_scenario

    loaded = load_scenario(scenario, overrides or ())
    with naming(scenario), Display(as_json=as_json) as display:
        result = run_scenario(
            loaded,
            seed=seed,
            out=out,
            precision=precision_of(numerics, as_json),
            workers=workers,
            is_fresh=fresh,
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
    if result.reason and not result.reason.startswith(("stop.", "the configurator ")):
        errors.print(f"warning: the run ended before its stop: {result.reason}")


@app.command("runs")
def list_runs(directory: StudyDir = Path("runs"), as_json: AsJson = False) -> None:
    """List the run directories below a directory: what each is, and whether it is whole."""
    from sim.runs.inventory import found_runs

    found = list(found_runs(directory))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str))
        return
    if not found:
        raise ValueError(f"{directory}: holds no runs")
    shown = Table(box=None)
    for column in ("directory", "run", "seed", "learner", "state", "round", "accuracy"):
        shown.add_column(column, overflow="fold")  # names that are cut could become equal
    for one in found:
        accuracy = "" if one.accuracy is None else f"{one.accuracy:.1%}"
        rounds = "" if one.rounds is None else str(one.rounds)
        row = (one.name, str(one.seed), one.learner, one.state, rounds, accuracy)
        shown.add_row(str(one.directory), *row)
    longest = max(len(f"{one.directory}{one.name}{one.state}") for one in found)
    page(80 + longest).print(shown)
    typer.echo(_effort(found))


def _effort(found: Sequence[FoundRun]) -> str:
    """What the finished runs cost, and how many of them took all training from the store."""
    ended = [one for one in found if one.wall_seconds is not None]
    hours = sum(one.wall_seconds or 0.0 for one in ended) / 3600
    trainings, hits = (
        sum(getattr(one, name) or 0 for one in ended) for name in ("trainings", "store_hits")
    )
    untrained = sum(not one.trainings for one in ended)
    return (
        f"{len(ended)} of {len(found)} finished, {hours:.2f} h, {trainings:,} trainings, "
        f"{hits:,} store hits; {untrained} without training"
    )
