"""Commands that relate one run to another: `replay`, `diff`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from .display import Display, page, print_changes
from .options import AsJson, Out, RunDir, Set

if TYPE_CHECKING:
    from sim.runs.diff import RunDiff
    from sim.study.axes import Axis
    from sim.study.replay import Replay

Axes = Annotated[
    list[str] | None,
    typer.Option(
        "--axis",
        metavar="a.b[,c.d]=LIST",
        help="Values to try: a list or {log: {from: 0.1, to: 10, points: 9}} (repeatable).",
    ),
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Number of processes.")]
Train = Annotated[bool, typer.Option("--train", help="Train states that the store lacks.")]

app = typer.Typer()


@app.command()
def replay(
    run_dir: RunDir,
    overrides: Set = None,
    axes: Axes = None,
    train: Train = False,
    out: Out = Path("runs"),
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Simulate a run again with other links, devices, costs or server, without training.

    The exit status is 1 if learning diverges into states that must be trained: add --train.
    """
    from sim.study.replay import as_row, base_row, plan_replay
    from sim.study.replay import replay as replayed

    study = plan_replay(run_dir, overrides or (), _axes(axes or ()))
    with Display(len(study.arms), as_json) as display:
        results = replayed(
            run_dir, study, out=out, workers=workers, train=train, on_progress=display.show
        )
    base = base_row(run_dir)
    if as_json:
        typer.echo(json.dumps([base, *map(as_row, results)]))
    else:
        _print_replays(base, results)
        typer.echo(out / study.name)
    if any(result.missing for result in results):
        sys.exit(1)


@app.command()
def diff(run_a: RunDir, run_b: RunDir, as_json: AsJson = False) -> None:
    """Show how two runs differ: scenario keys, the first differing row, where learning diverges.

    The exit status is 1 if they differ.
    """
    from sim.runs.diff import diff_runs

    for run_dir in (run_a, run_b):
        print_changes(run_dir, as_json)
    comparison = diff_runs(run_a, run_b)
    if as_json:
        typer.echo(json.dumps(asdict(comparison)))
    else:
        _print_comparison(comparison)
    if comparison.scenario or comparison.row:
        sys.exit(1)


def _axes(texts: Sequence[str]) -> tuple[Axis, ...]:
    """Parse `a.b,c.d=LIST` into axes, as in a study file. Raises ValueError naming the option."""
    from sim.scenario.yaml_text import parse_yaml
    from sim.study.axes import read_axes

    mapping: dict[str, Any] = {}
    for text in texts:
        paths, equals, value = text.partition("=")
        try:
            content = parse_yaml(value)
            if not (equals and paths.strip()):
                raise ValueError("must be of the form a.b[,c.d]=LIST")
            content = {"values": content} if isinstance(content, list) else content
            keys = [path.strip() for path in paths.split(",")]
            if not isinstance(content, dict):
                raise ValueError(f"must be a list or a mapping, got {content!r}")
            if keys[0] in mapping:
                raise ValueError(f"{keys[0]} has an axis already; give one list of all its values")
            mapping[keys[0]] = {"path": keys} | content
        except ValueError as error:
            raise ValueError(f"--axis {text}: {error}") from None
    return read_axes(mapping)


def _print_replays(base: Mapping[str, Any], results: Sequence[Replay]) -> None:
    """One row for the run that was replayed, then one for each replay."""
    shown = Table("run", "simulated", "round", "accuracy", "trainings", "learning", box=None)
    if base["sim_seconds"] is None:
        shown.add_row(base["run"], "", "", "", "", "the replayed run; it is not finished")
    else:
        amounts = (f"{base['sim_seconds']:,.1f} s", str(base["rounds"]), f"{base['accuracy']:.1%}")
        shown.add_row(base["run"], *amounts, "", "the replayed run")
    for one in results:
        learning, result = str(one.divergence or "unchanged"), one.result
        if result is None:
            cells = [""] * 4
            learning += f"; {one.missing}; to continue, add --train"
        else:
            seconds, accuracy = f"{result.sim_seconds:,.1f} s", f"{result.accuracy:.1%}"
            cells = [seconds, str(result.rounds), accuracy, str(result.trainings)]
        shown.add_row(one.name, *cells, learning)
    page(200).print(shown)


def _print_comparison(comparison: RunDiff) -> None:
    if comparison.scenario:
        shown = Table("scenario", "A", "B", box=None)
        for key, values in comparison.scenario.items():
            shown.add_row(key, *(json.dumps(value) for value in values))
        page(200).print(shown)
    row = comparison.row
    if row is None:
        typer.echo("The logs are equal.")
        return
    typer.echo(
        f"First differing row: {row.file} line {row.line} ({row.row}): "
        f"{row.field} is {json.dumps(row.a)} in A, {json.dumps(row.b)} in B"
    )
    if row.file == "evaluations.jsonl":
        typer.echo("The events are equal; scores of the same states differ.")
        return
    typer.echo(f"In B, {comparison.learning}." if comparison.learning else "Learning is the same.")
