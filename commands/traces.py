"""Commands for trace files: `traces info`, `plot`, `convert`, `fetch`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from .display import errors, print_traces
from .options import AsJson

TraceFile = Annotated[Path, typer.Argument(metavar="FILE", help="Trace file.")]
TraceFiles = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Trace files.")]
Format = Annotated[
    str | None,
    typer.Option(
        "--format", help="Format of the file, if it cannot be detected: mahimahi, csv ..."
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option", metavar="k=v", help="Option of the format, such as time=t_ms (repeatable)."
    ),
]
TraceTarget = Literal["sabre", "csv", "mahimahi"]
Direction = Literal["down", "up"]
FetchName = Literal["mahimahi", "niimpy"]

app = typer.Typer(help="Read, check, plot, convert and fetch traces.", no_args_is_help=True)


@app.command("info")
def traces_info(
    files: TraceFiles, format: Format = None, option: Options = None, as_json: AsJson = False
) -> None:
    """Print format, duration, rates, outages and warnings of each file.

    The exit status is 2 if a file is invalid.
    """
    from traces.describe import info

    rows = info(files, format, **_options(option))
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        print_traces(rows)
    if any(row["error"] for row in rows):
        sys.exit(2)


@app.command("plot")
def traces_plot(
    files: TraceFiles,
    out: Annotated[
        Path, typer.Option("--out", help="Path of the figure without its suffix.")
    ] = Path("traces"),
    format: Format = None,
    option: Options = None,
) -> None:
    """Time series and distribution, up to six files side by side, as PNG and SVG."""
    from analysis.figures.drawing.files import save_figure
    from analysis.figures.traces import trace_files
    from traces.load import load

    figure = trace_files({path.name: load(path, format, **_options(option)) for path in files})
    for path in save_figure(figure, out):
        errors.print(f"figure: {path}")


@app.command("convert")
def traces_convert(
    file: TraceFile,
    to: Annotated[TraceTarget, typer.Option("--to", help="Format to write.")],
    direction: Annotated[Direction, typer.Option(help="Direction to convert.")] = "down",
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write (default: stdout).")
    ] = None,
    format: Format = None,
    option: Options = None,
) -> None:
    """Write one direction of a bandwidth trace in another format."""
    from sim.runlog import write_atomically
    from traces.convert import convert

    text = convert(file, to, direction, format, **_options(option))
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_atomically(out, text)


@app.command("fetch")
def traces_fetch(
    name: Annotated[FetchName, typer.Argument(help="Name of a package of recordings.")],
) -> None:
    """Download a package of recordings into the cache and print its directory."""
    from sim.runs.run import default_cache_dir
    from traces.fetch import FetchError, fetch

    try:
        typer.echo(fetch(name, default_cache_dir() / "traces"))
    except FetchError as error:
        raise ValueError(str(error)) from None


def _options(texts: list[str] | None) -> dict[str, str | float]:
    """Parse `k=v` pairs. Values that look like numbers become numbers."""
    pairs: dict[str, str | float] = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--option {text}: must be of the form key=value")
        try:
            pairs[key] = float(value)
        except ValueError:
            pairs[key] = value
    return pairs
