"""Commands for scenario files: `validate`, `partition`, `init`, `schema`."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from .display import errors, tell
from .options import AsJson, ScenarioFile, Seed, Set, naming

app = typer.Typer()


@app.command()
def validate(scenario: ScenarioFile, overrides: Set = None, as_json: AsJson = False) -> None:
    """Check that a scenario can run, without running it, and print it with all defaults.

    Every file is read. Models and data that are not in the cache are not downloaded.
    """
    from sim.build.start import check_start
    from sim.runs.run import default_cache_dir
    from sim.scenario.file import as_yaml, dump_scenario, load_scenario
    from sim.scenario.paths import named_paths

    loaded = load_scenario(scenario, overrides or ())
    with naming(scenario):
        lines = check_start(loaded, default_cache_dir())
    for key, place in named_paths(dump_scenario(loaded)):
        tell("path", f"{key}: {place}", as_json, key=key, path=place)
    for line in lines:
        tell("note", line, as_json)
    typer.echo(json.dumps(dump_scenario(loaded)) if as_json else as_yaml(loaded).rstrip())


@app.command("partition")
def draw_partition(
    scenario: ScenarioFile,
    overrides: Set = None,
    seed: Seed = 0,
    out: Annotated[
        Path, typer.Option("--out", help="Path of the figure without its suffix.")
    ] = Path("partition"),
) -> None:
    """Draw how many examples of each label every client holds, as PNG and SVG."""
    from analysis import partition, save_figure
    from sim import load_scenario
    from sim.build.data import load_data
    from sim.runs.run import default_cache_dir
    from sim.streams import Streams

    loaded = load_scenario(scenario, overrides or ())
    with naming(scenario):
        held = load_data(loaded, Streams(seed), default_cache_dir()).holdings
        if held is None:
            raise ValueError(
                "task.kind must not be synthetic: a synthetic task has no labels to draw"
            )
    figure = partition(held.classes, held.counts, f"{loaded.name}, seed {seed}")
    for path in save_figure(figure, out):
        errors.print(f"figure: {path}")


@app.command()
def init(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="File (scenario.yaml or study.yaml).")
    ] = None,
    study: Annotated[
        bool, typer.Option("--study", help="Write a study; its scenario.yaml too, if missing.")
    ] = False,
) -> None:
    """Write a commented scenario file, or a study file, to start from."""
    if not study:
        _write_template("template.yaml", file or Path("scenario.yaml"))
        return
    path = file or Path("study.yaml")
    base = path.with_name("scenario.yaml")  # as the template names it
    if path.name == base.name:
        raise ValueError(f"{path}: a study must have another name than its scenario")
    _write_template("study_template.yaml", path)
    if not base.exists():
        _write_template("template.yaml", base)


def _write_template(name: str, path: Path) -> None:
    from learner.store.atomic_file import write_new

    write_new(path, (files("scenarios") / name).read_text(encoding="utf-8"))
    typer.echo(path)


@app.command()
def schema(
    study: Annotated[bool, typer.Option("--study", help="The schema of study files.")] = False,
) -> None:
    """Print the JSON Schema of scenario files or of study files, for editors."""
    from sim.scenario.file import json_schema
    from sim.study.schema import study_schema

    typer.echo(json.dumps(study_schema() if study else json_schema(), indent=2))
