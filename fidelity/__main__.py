"""Command line: deploy worlds on this machine, and compare each run with its prediction."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from sim.runlog import RunError
from sim.runs.run import default_cache_dir

from .errors import DeploymentError
from .figure import rounds_figure
from .measurement import measure, predict_again, results_of
from .prediction import VARIANTS
from .requirements import unmet
from .steadiness import variation, work_seconds
from .tables import error_table, found_in, order_table, variant_table, wire_table
from .world import World, chosen_arms, read_world

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


Worlds = Annotated[list[Path], typer.Argument(metavar="WORLD.yaml...", help="World files.")]
Out = Annotated[Path, typer.Option("--out", help="Directory of the results.")]
Emulated = Annotated[
    bool,
    typer.Option("--emulated", help="Emulated devices: clients wait in place of computing slowly."),
]
Rounds = Annotated[
    int | None, typer.Option("--rounds", min=1, help="Rounds of every run (default: the file's)")
]

_RESULTS = Path("runs/fidelity")


@app.command()
def run(
    worlds: Worlds,
    out: Out = _RESULTS,
    repeats: Annotated[
        int | None, typer.Option("--repeats", min=1, help="Runs of every arm (default: the file's)")
    ] = None,
    rounds: Rounds = None,
    arms: Annotated[
        list[str] | None,
        typer.Option("--arm", help="Run this arm alone where a world has it (repeatable)."),
    ] = None,
    emulated: Emulated = False,
) -> None:
    """Run every arm of the worlds for real, predict it beforehand, and write both as tables.

    Runs that the directory of the results holds already are not repeated.
    """
    if (reason := unmet()) is not None:
        raise DeploymentError(reason)
    read = [_read(path, emulated) for path in worlds]
    chosen = chosen_arms(read, arms or ())
    deployed = [(world, own) for world, own in zip(read, chosen, strict=True) if own]
    for world, _ in deployed:
        results_of(world, rounds, out / world.name)  # refuses another world's, before hours of runs
    for world, own in deployed:
        measure(
            world,
            arms=own,
            repeats=repeats,
            rounds=rounds,
            out=out / world.name,
            cache_dir=default_cache_dir(),
            tell=typer.echo,
        )


@app.command()
def predict(
    worlds: Worlds,
    out: Out = _RESULTS,
    emulated: Emulated = False,
) -> None:
    """Predict measured worlds again from their profiles, as measured before their runs."""
    for path in worlds:
        world = _read(path, emulated)
        predict_again(world, out=out / world.name, cache_dir=default_cache_dir())


@app.command()
def compare(
    directories: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Directories of measured worlds.")
    ],
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Draw predicted against measured rounds.")
    ] = None,
) -> None:
    """Print how far predictions are from measurements, as Markdown."""
    found = found_in(directories)
    for variant in VARIANTS:
        typer.echo(f"{variant}\n\n{error_table(found, variant)}\n")
    typer.echo(f"{variant_table(found)}\n\n{order_table(found)}\n\n{wire_table(directories)}")
    if figure is not None:
        rounds_figure(directories, "tcp").savefig(figure, dpi=150)


@app.command()
def steadiness(
    for_s: Annotated[
        float, typer.Option("--seconds", min=1.0, max=3600.0, help="How long to measure.")
    ] = 90.0,
) -> None:
    """Print how much the speed of this machine varies: no run is predicted better than that."""
    for block_s, share in variation(work_seconds(for_s)):
        typer.echo(f"blocks of {block_s:g} s: {share:.1%}")


def _read(path: Path, emulated: bool) -> World:
    world = read_world(path)
    return world.emulated() if emulated else world


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main() -> None:
    """Bad input and a failed deployment print one line on standard error; the status is 2."""
    signal.signal(signal.SIGTERM, _stop)  # an exit that removes what was created
    try:
        app(prog_name="python -m fidelity", standalone_mode=False)
    except (typer.TyperException, DeploymentError, OSError, ValueError, RunError) as error:
        text = error.format_message() if isinstance(error, typer.TyperException) else str(error)
        print(f"fidelity: {' '.join(text.split())}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
