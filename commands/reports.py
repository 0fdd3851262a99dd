"""Commands `report`, `parquet` and `timeline`: finished runs as a page or files for other tools."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated

import typer

from .display import errors, print_changes, tell
from .options import BaselineOption, Crossing, CrossingOption, RunDir, StudyDir, id_ranges
from .results import warn

app = typer.Typer()

ClientIds = Annotated[
    str | None, typer.Option("--clients", metavar="3,7,10-19", help="Show only these clients.")
]


@app.command()
def report(
    directory: StudyDir,
    out: Annotated[Path | None, typer.Option("--out", help="File (DIR/report.html).")] = None,
    crossing: CrossingOption = "sustained",
    baseline: BaselineOption = None,
) -> None:
    """Write an HTML page: summary, curves, table, clients' time, figures, scenarios, provenance."""
    write_report(directory, out or directory / "report.html", crossing, baseline)


def write_report(
    directory: Path,
    path: Path,
    crossing: Crossing = "sustained",
    baseline: str | None = None,
    as_json: bool = False,
) -> None:
    """Write the page of a study, and tell where."""
    from analysis import load_study
    from analysis.report import report as page
    from sim.runlog import write_atomically

    study = load_study(directory)
    warn(study, as_json)
    write_atomically(path, page(study, crossing, baseline))
    tell("report", f"report: {path}", as_json, path=path)


@app.command()
def parquet(
    directory: StudyDir,
    out: Annotated[Path | None, typer.Option("--out", help="Folder (DIR/parquet).")] = None,
) -> None:
    """Write the rows of a run, or of all runs of a study, as Parquet files: one per kind of row."""
    from analysis import load_study
    from analysis.reading.parquet import write_parquet, write_study_parquet
    from sim.runlog import MANIFEST

    into = out or directory / "parquet"
    if (directory / MANIFEST).exists():
        print_changes(directory)
        paths = write_parquet(directory, into)
    else:
        study = load_study(directory)
        warn(study)
        paths = write_study_parquet(study, into)
    for path in paths:
        errors.print(f"records: {path}")


@app.command()
def timeline(
    directory: RunDir,
    from_s: Annotated[float, typer.Option("--from", help="First simulated second.")] = 0.0,
    to_s: Annotated[
        float, typer.Option("--to", help="Last simulated second (the end).")
    ] = math.inf,
    clients: ClientIds = None,
    out: Annotated[Path | None, typer.Option("--out", help="File (RUN_DIR/timeline.json).")] = None,
) -> None:
    """Write a timeline for ui.perfetto.dev: tracks of the server and of each client, counters."""
    from analysis.timeline import LACKS
    from analysis.timeline import timeline as build
    from sim.runlog import write_atomically

    chosen = None if clients is None else id_ranges("--clients", clients)
    print_changes(directory)
    path = out or directory / "timeline.json"
    shown = build(directory, from_s=from_s, to_s=to_s, clients=chosen)
    write_atomically(path, json.dumps(shown))
    if missing := shown["otherData"].get(LACKS):
        errors.print(f"not in this run's log: {missing}")
    errors.print(f"timeline: {path}; open it at ui.perfetto.dev")
