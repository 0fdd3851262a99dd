"""The command line: parse, load, call."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from sim.runlog import RunError

if TYPE_CHECKING:
    from sim.progress import RunProgress

ROOT = Path(__file__).resolve().parent
DEMO = ROOT / "scenarios" / "demo.yaml"
TEMPLATE = ROOT / "scenarios" / "template.yaml"

app = typer.Typer(
    help="A discrete-event simulator of federated fine-tuning: simulated time, real training.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

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
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable results on stdout.")]


@app.command()
def demo(out: Out = Path("runs"), workers: Workers = None, as_json: AsJson = False) -> None:
    """Five ways to fine-tune on a mixed fleet: the table and the time-to-accuracy figure."""
    directory = _study(DEMO, (), out, workers)
    _print_table(directory, as_json)
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
    with Display() as display:
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
    _print_table(directory, as_json)


@app.command()
def table(directory: StudyDir, as_json: AsJson = False) -> None:
    """Simulated time, bytes and energy to accuracy, arm by arm."""
    _print_table(directory, as_json)


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
    from sim.build import check_scenario
    from sim.scenario_file import as_yaml, dump_scenario, load_scenario

    loaded = load_scenario(scenario, overrides or ())
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


def _study(file: Path, overrides: Any, out: Path, workers: int | None) -> Path:
    from sim import load_study, run_study

    loaded = load_study(file, overrides)
    with Display() as display:
        run_study(loaded, out=out, workers=workers or os.cpu_count() or 1, on_progress=display.show)
    return out / loaded.name


def _print_table(directory: Path, as_json: bool) -> None:
    from analysis import caption, format_table, load_study, table_rows

    loaded = load_study(directory)
    for warning in loaded.warnings:
        errors.print(f"warning: {warning}", markup=False)
    rows = table_rows(loaded)
    if as_json:
        typer.echo(json.dumps(rows))
        return
    headers, lines = format_table(rows)
    shown = Table(*headers, box=None, pad_edge=False, caption=caption(loaded))
    for line in lines:
        shown.add_row(*line)
    Console(width=None if sys.stdout.isatty() else 120).print(shown)


def _write_figures(directory: Path, out: Path) -> None:
    from analysis import load_study, save_figure, time_to_accuracy

    out.mkdir(parents=True, exist_ok=True)
    for path in save_figure(time_to_accuracy(load_study(directory)), out / "time-to-accuracy"):
        errors.print(f"figure: {path}")


@dataclass
class Display:
    """Progress on standard error: a live table on a terminal, plain lines elsewhere."""

    first: dict[str, tuple[float, float]] = field(default_factory=dict)  # seconds, fraction
    latest: dict[str, RunProgress] = field(default_factory=dict)
    printed_s: dict[str, float] = field(default_factory=dict)
    live: Live | None = None

    def __enter__(self) -> Display:
        if errors.is_terminal:
            self.live = Live(console=errors, get_renderable=self._table, refresh_per_second=4)
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live is not None:
            self.live.stop()

    def show(self, progress: RunProgress) -> None:
        now_s = time.monotonic()
        self.latest[progress.run] = progress
        self.first.setdefault(progress.run, (now_s, progress.fraction or 0.0))
        is_due = now_s - self.printed_s.get(progress.run, -60.0) >= 5.0
        if self.live is None and (is_due or progress.fraction == 1.0):
            self.printed_s[progress.run] = now_s
            errors.print("  ".join(self._cells(progress)))

    def _table(self) -> Table:
        shown = Table("arm", "simulated", "round", "accuracy", "config", "wall left", box=None)
        for progress in self.latest.values():
            shown.add_row(*self._cells(progress))
        return shown

    def _cells(self, progress: RunProgress) -> list[str]:
        accuracy = "" if progress.accuracy is None else f"{progress.accuracy:.1%}"
        return [
            progress.run,
            f"{progress.sim_s:,.1f} s",
            f"round {progress.round}",
            accuracy,
            progress.config,
            self._left(progress),
        ]

    def _left(self, progress: RunProgress) -> str:
        """Wall time to the run's last round at the pace since its first."""
        first_s, first_fraction = self.first[progress.run]
        if progress.fraction is None or progress.fraction <= first_fraction:
            return ""
        pace_s = (time.monotonic() - first_s) / (progress.fraction - first_fraction)
        return f"{pace_s * (1 - progress.fraction):.0f} s left"


def main() -> None:
    """Entry point: bad input is one line on standard error and exit status 2."""
    try:
        app()
    except KeyboardInterrupt:
        errors.print("interrupted: the same command goes on where it stopped")
        sys.exit(130)
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (ValueError, RunError) as error:
        _refuse(str(error))


def _refuse(reason: str) -> NoReturn:
    errors.print(f"fedadapter: {' '.join(reason.split())}", markup=False)
    sys.exit(2)


if __name__ == "__main__":
    main()
