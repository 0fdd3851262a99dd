"""Commands that start several runs: `demo`, `study`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from learner.training.numerics import Precision

from .display import Display, tell
from .options import AsJson, Numerics, Out, Set, StudyFile, Workers, listed_ids
from .precision import precision_of
from .reports import write_report
from .results import table, write_figures

if TYPE_CHECKING:
    from sim import Study
    from sim.study.forecast import Forecast

DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="List the runs and their estimated cost without starting them."),
]

Ray = Annotated[
    str | None,
    typer.Option("--ray", metavar="auto|HOST:PORT", help="Ray cluster to run on."),
]
Base = Annotated[
    Path | None,
    typer.Option(
        "--base", metavar="SCENARIO.yaml", help="Base scenario to use instead of the study's own."
    ),
]

Seeds = Annotated[
    str | None,
    typer.Option("--seeds", metavar="0-9", help="Seeds to use instead of the study's own."),
]

Arms = Annotated[
    list[str] | None,
    typer.Option("--arms", metavar="ARM", help="Run only this arm (repeatable)."),
]

app = typer.Typer()


@app.command()
def demo(
    out: Out = Path("runs"),
    workers: Workers = None,
    numerics: Numerics = "fp32",
    as_json: AsJson = False,
) -> None:
    """Compare five ways to fine-tune on a mixed fleet; write a table, a figure and a report."""
    from sim import load_study

    fetched = "Model and data (110 MB) are downloaded to the cache unless they are there."
    tell("note", fetched, as_json)
    with as_file(files("scenarios") / "demo.yaml") as file:
        loaded = load_study(file)
    directory = _run(loaded, out, workers, precision_of(numerics, as_json), as_json=as_json)
    table(directory, as_json=as_json)
    write_figures(
        [directory], directory, only="time-to-accuracy", formats=("png", "svg"), as_json=as_json
    )
    write_report(directory, directory / "report.html", as_json=as_json)
    _tell_results(directory, as_json)


@app.command()
def study(
    file: StudyFile,
    overrides: Set = None,
    base: Base = None,
    out: Out = Path("runs"),
    workers: Workers = None,
    numerics: Numerics = "fp32",
    ray: Ray = None,
    seeds: Seeds = None,
    arms: Arms = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Run every arm of a study with every seed, then print a table.

    To resume an interrupted study, repeat the command.
    """
    from sim import load_study

    loaded = load_study(file, overrides or (), base)
    if seeds is not None:
        loaded = replace(loaded, seeds=_seeds(seeds))
    if dry_run:
        _show_plan(loaded, out, workers, precision_of(numerics, as_json), arms or (), as_json)
        return
    directory = _run(
        loaded, out, workers, precision_of(numerics, as_json), ray, arms or (), as_json
    )
    table(directory, as_json=as_json)
    _tell_results(directory, as_json)


def _tell_results(directory: Path, as_json: bool) -> None:
    tell("results", f"results: {directory}", as_json, directory=directory)


def _seeds(text: str) -> tuple[int, ...]:
    """Parse `--seeds 0-4,7`. Raises ValueError for anything else, and for a seed given twice."""
    seeds = tuple(listed_ids("--seeds", text))
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"--seeds {text}: must differ")
    return seeds


def _run(
    study: Study,
    out: Path,
    workers: int | None,
    precision: Precision,
    ray: str | None = None,
    arms: Sequence[str] = (),
    as_json: bool = False,
) -> Path:
    from sim import run_study

    planned = _forecast(study, out, workers, precision, arms)
    tell("forecast", _summary(planned), as_json, **asdict(planned))
    with Display(planned.runs - planned.finished, as_json) as display:
        run_study(
            study,
            out=out,
            workers=_count(workers),
            ray=ray,
            precision=precision,
            arms=arms,
            on_progress=display.show,
        )
    return out / study.name


def _show_plan(
    study: Study,
    out: Path,
    workers: int | None,
    precision: Precision,
    arms: Sequence[str],
    as_json: bool,
) -> None:
    """Print one line for each run, then the forecast."""
    from sim.runs.directory import run_directory
    from sim.study.study import study_runs

    directory, planned = out / study.name, _forecast(study, out, workers, precision, arms)
    runs = [
        {"run": arm.name, "seed": seed, "directory": str(run_directory(directory, arm, seed))}
        for arm, seed in study_runs(study, arms)
    ]
    if as_json:
        typer.echo(json.dumps({"runs": runs, "forecast": asdict(planned)}))
        return
    for run in runs:
        typer.echo(f"{run['run']}  seed {run['seed']}  {run['directory']}")
    typer.echo(_summary(planned))


def _forecast(
    study: Study,
    out: Path,
    workers: int | None,
    precision: Precision,
    arms: Sequence[str],
) -> Forecast:
    from sim.study.forecast import forecast

    return forecast(study, out=out, workers=_count(workers), precision=precision, arms=arms)


def _summary(planned: Forecast) -> str:
    runs = f"{planned.runs} runs ({planned.finished} finished)"
    if not planned.trainings:
        return f"{runs}, no trainings"
    return (
        f"{runs}, {planned.trainings:,} trainings after store hits: about "
        f"{_wall(planned.wall_s)} and {planned.disk_bytes / 1e6:,.0f} MB of states"
    )


def _wall(seconds: float) -> str:
    """Wall time in a readable unit.

    >>> [_wall(s) for s in (40, 600, 7200)]
    ['40 s', '10 min', '2.0 h']
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _count(workers: int | None) -> int:
    return workers or os.cpu_count() or 1
