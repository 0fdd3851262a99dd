"""Commands for the store of trained states: `store info`, `limit`, `verify`, `prune`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .display import Display, print_stock, tell
from .options import AsJson

_MOST_MBYTES = 1e12  # an exbibyte; refuses inf

MBytes = Annotated[
    float,
    typer.Argument(min=0, max=_MOST_MBYTES, metavar="MBYTES", help="Limit in units of 10^6 bytes."),
]
To = Annotated[
    float | None,
    typer.Option(
        "--to-mbytes",
        min=0,
        max=_MOST_MBYTES,
        help="Size to keep, in 10^6 bytes (default: the limit).",
    ),
]
Retrain = Annotated[
    Path | None,
    typer.Option(
        "--retrain",
        metavar="RUN_DIR",
        help="Instead of reading files, train states of this finished run again and compare "
        "their bytes.",
    ),
]
Sample = Annotated[int, typer.Option("--sample", min=1, help="Number of states for --retrain.")]

app = typer.Typer(
    help="Inspect, limit, verify and prune the store of trained states, activations and scores.",
    no_args_is_help=True,
)


@app.command()
def info(as_json: AsJson = False) -> None:
    """Print number and size of stored files by kind, and the limit."""
    from learner.store.budget import cache_budget
    from learner.store.inventory import stock
    from sim.runs.run import default_cache_dir

    cache_dir = default_cache_dir()
    limit_bytes, held = cache_budget(cache_dir).limit_bytes, stock(cache_dir)
    if as_json:
        kinds = {one.kind: asdict(one) for one in held}
        typer.echo(json.dumps({"limit_bytes": limit_bytes, "kinds": kinds}))
    else:
        print_stock(held, limit_bytes)


@app.command()
def limit(mbytes: MBytes) -> None:
    """Set the size limit for states and activations, for all runs that use this cache.

    A run that finds more removes the least recently used ones.
    """
    from learner.store.budget import cache_budget, set_limit
    from sim.runs.run import default_cache_dir

    cache_dir, limit_bytes = default_cache_dir(), round(mbytes * 1e6)
    set_limit(cache_dir, limit_bytes)
    used_bytes = cache_budget(cache_dir).used_bytes()
    used = f"{used_bytes / 1e6:,.1f} MB in use in {cache_dir}"
    typer.echo(f"limit {limit_bytes / 1e6:,.1f} MB, {used}")
    if used_bytes > limit_bytes:
        tell("limit", "the next run removes what was used least recently; a higher limit keeps it")


@app.command()
def verify(retrain: Retrain = None, sample: Sample = 3, as_json: AsJson = False) -> None:
    """Read every stored file and model, and discard damaged ones.

    The exit status is 1 if any is damaged.
    """
    if retrain is not None:
        _verify_by_training(retrain, sample, as_json)
        return
    from learner.assets.sources import discard_changed_models
    from learner.store.inventory import discard_damaged, discard_unfinished
    from sim.runs.run import default_cache_dir

    cache_dir, damaged = default_cache_dir(), []
    for path in discard_unfinished(cache_dir):
        _discarded("file that a killed process left unfinished", path, as_json)
    for kind, path in discard_damaged(cache_dir):
        damaged.append({"kind": kind, "path": str(path)})
        _discarded("damaged file, which is computed again when needed", path, as_json)
    for path in discard_changed_models(cache_dir):
        damaged.append({"kind": "models", "path": str(path)})
        _discarded("damaged model, which is downloaded again when needed", path, as_json)
    typer.echo(json.dumps(damaged) if as_json else f"{len(damaged)} damaged")
    if damaged:
        sys.exit(1)


def _discarded(what: str, path: Path, as_json: bool) -> None:
    tell("discarded", f"discarded a {what}: {path}", as_json, what=what, path=path)


def _verify_by_training(run_dir: Path, sample: int, as_json: bool) -> None:
    """Print one line for each state. The exit status is 1 if retraining gives other bytes."""
    from sim.runs.verify import verify_states

    states = []
    with Display(as_json=as_json) as display:
        for state in verify_states(run_dir, sample=sample, on_progress=display.show):
            states.append(state)
            if not as_json:
                typer.echo(state)
    if as_json:
        typer.echo(json.dumps([asdict(state) for state in states]))
    if any(state.differing for state in states):
        sys.exit(1)


@app.command()
def prune(to_mbytes: To = None, as_json: AsJson = False) -> None:
    """Remove the least recently used states and activations. Scores are kept."""
    from learner.store.budget import cache_budget
    from sim.runs.run import default_cache_dir

    cache_dir = default_cache_dir()
    budget = cache_budget(cache_dir)
    to_bytes = budget.limit_bytes if to_mbytes is None else round(to_mbytes * 1e6)
    n_files, n_bytes = budget.shrink(to_bytes)
    if as_json:
        typer.echo(json.dumps({"files": n_files, "bytes": n_bytes}))
    else:
        typer.echo(f"{n_files} files removed from {cache_dir}, {n_bytes / 1e6:,.1f} MB")
