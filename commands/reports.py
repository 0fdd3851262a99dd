"""Commands `report`, `parquet` and `timeline`: finished runs as a page or files for other tools."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated

import typer

from .display import errors, print_changes
from .options import BaselineOption, CrossingOption, RunDir, StudyDir
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
    from analysis import load_study
    from analysis.report import report as page
    from sim.runlog import write_atomically

    path, study = out or directory / "report.html", load_study(directory)
    warn(study)
    write_atomically(path, page(study, crossing, baseline))
    errors.print(f"report: {path}")


@app.command()
def parquet(
    directory: RunDir,
    out: Annotated[Path | None, typer.Option("--out", help="Folder (RUN_DIR/parquet).")] = None,
) -> None:
    """Write the rows of a run as Parquet files, one per kind of row."""
    from analysis.reading.parquet import write_parquet

    print_changes(directory)
    for path in write_parquet(directory, out or directory / "parquet"):
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
    from analysis.timeline import timeline as build
    from sim.runlog import write_atomically

    chosen = None if clients is None else _ids(clients)
    print_changes(directory)
    path = out or directory / "timeline.json"
    write_atomically(path, json.dumps(build(directory, from_s=from_s, to_s=to_s, clients=chosen)))
    errors.print(f"timeline: {path}; open it at ui.perfetto.dev")


def _ids(text: str) -> tuple[range, ...]:
    """Parse ids and ranges such as "3,7,10-12". Raises ValueError for anything else."""
    ranges: list[range] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        try:
            ranges.append(range(int(first), int(last if dash else first) + 1))
        except ValueError:
            raise ValueError(f"--clients {text}: must be ids and ranges, got {part!r}") from None
        if not ranges[-1]:
            raise ValueError(f"--clients {text}: a range must not end before it begins, got {part}")
    return tuple(ranges)
