"""Scenarios before they run: `validate`, `init`, `schema`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from .options import AsJson, ScenarioFile, Set, naming

TEMPLATE = Path(__file__).resolve().parents[1] / "scenarios" / "template.yaml"

app = typer.Typer()


@app.command()
def validate(scenario: ScenarioFile, overrides: Set = None, as_json: AsJson = False) -> None:
    """Check a scenario and print it with every default written out; start nothing."""
    from sim.checks import check_scenario, warnings
    from sim.scenario_file import as_yaml, dump_scenario, load_scenario

    loaded = load_scenario(scenario, overrides or ())
    with naming(scenario):
        check_scenario(loaded)
    for warning in warnings(loaded):
        typer.echo(f"warning: {warning}", err=True)
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
