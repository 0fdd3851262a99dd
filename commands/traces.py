"""Commands for trace files: `traces info`, `plot`, `convert`, `fetch`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .display import errors, print_traces
from .options import AsJson

if TYPE_CHECKING:
    from traces.recording import Recording

TraceFile = Annotated[Path, typer.Argument(metavar="FILE", help="A trace file.")]
TraceFiles = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Trace files, or folders of them.")
]
Format = Annotated[
    str | None,
    typer.Option("--format", help="Format, where the content does not tell: csv, mahimahi ..."),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="k=v",
        help="Option of the format, such as rate_unit=Mbit/s; repeatable.",
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
        _print(rows)
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

    figure = trace_files(_recordings(files, format, _options(option)))
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
    from traces.convert import written
    from traces.load import load

    if out is not None and (out.exists() or out.is_symlink()):
        raise ValueError(f"{out} exists; --out must name a new file")
    recording = load(file, format, **_options(option))
    _warn(file.name, recording)
    text = written(recording, file, to, direction)
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


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    """The table of `print_traces`, with the run beside a file's name and what was passed over."""
    for row in rows:
        if row["passed_over"]:
            errors.print(f"passed over: {row['file']}: {row['passed_over']}")
    print_traces([one for row in rows if not row["passed_over"] for one in _by_direction(row)])


def _by_direction(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A row for each direction of a file that has two, named behind the file and its run."""
    name = _named(row["file"], row["run"])
    rates = row.get("directions") or {}
    if len(rates) < 2:
        return [{**row, "file": name}]
    return [{**row, **rates[way], "file": f"{name}, {way}"} for way in rates]


def _recordings(
    files: Sequence[Path], format: str | None, options: Mapping[str, str]
) -> dict[str, Recording]:
    """Every recording of files and folders, by its name. Raises TraceError for a bad file."""
    from traces.load import find

    named: dict[str, Recording] = {}
    for found in (one for file in files for one in find(file, format, **options)):
        if found.is_passed_over:
            errors.print(f"passed over: {found.path}: {found.error and found.error.rule}")
        elif found.error is not None:
            raise found.error
        for run, recording in found.recordings.items():
            name = _named(found.path.name, run)
            _warn(name, recording)
            named[name] = recording
    return named


def _warn(name: str, recording: Recording) -> None:
    for warning in recording.warnings:
        errors.print(f"warning: {name}: {warning}")


def _named(file: str, run: str | None) -> str:
    return f"{file} [{run}]" if run else file


def _options(texts: list[str] | None) -> dict[str, str]:
    """`key=value` pairs as text; the format's reader converts the values."""
    pairs: dict[str, str] = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise ValueError(f"--option {text}: must be of the form key=value")
        if key in pairs:
            raise ValueError(f"duplicate --option {key}")
        pairs[key] = value
    return pairs
