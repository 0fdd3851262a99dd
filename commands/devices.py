"""Command `devices`: the device classes that a fleet can name, and a template for one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .display import print_devices
from .options import AsJson

app = typer.Typer()


@app.command()
def devices(
    template: Annotated[
        Path | None,
        typer.Option("--template", metavar="FILE", help="Write a CSV for fleet.device_file."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the embedded devices: what was measured on each, and the source.

    Devices with BERT-base's seconds by depth serve every model, scaled as `cost` says. The others
    serve the measured job alone; no job means that the model is not supported, or no unit stated.
    """
    from learner.store.atomic_file import write_new
    from traces.device_csv import TEMPLATE

    if template is not None:
        write_new(template, TEMPLATE)
        typer.echo(template)
        return
    rows = [*_published(), *_measured()]
    if as_json:
        typer.echo(json.dumps(rows))
    else:
        print_devices(rows)


_SERVES = {"bert-base": "every model", "distilbert": "DistilBERT"}


def _published() -> list[dict[str, Any]]:
    """One row for each device and each model with seconds by depth."""
    from typing import get_args

    from traces.profiles import Model, device_names, device_profile

    profiles = [device_profile(name, model) for name in device_names() for model in get_args(Model)]
    return [
        {
            "device": profile.name,
            "model": profile.table.model,
            "tuning": ", ".join(profile.table.seconds),
            "batch_size": profile.table.batch_size,
            "tokens": profile.table.tokens,
            "seconds_per_batch": None,
            "what": f"depths 0 to {profile.table.n_layers}",
            "watts": {"compute": profile.compute_w, "radio": profile.radio_w},
            "memory_bytes": profile.memory_bytes,
            "sources": list(profile.sources),
            "serves": _SERVES[profile.table.model],
        }
        for profile in profiles
    ]


def _measured() -> list[dict[str, Any]]:
    """One row for each measured job."""
    from sim.build.devices import can_serve
    from traces.measured import MEASUREMENTS

    return [
        {
            "device": one.device,
            "model": one.model,
            "tuning": one.tuning,
            "batch_size": one.batch_size,
            "tokens": one.tokens,
            "seconds_per_batch": one.seconds,
            "what": one.what,
            "watts": None,
            "memory_bytes": None,
            "sources": [one.source],
            "serves": "this job" if can_serve(one) else "no job",
        }
        for one in MEASUREMENTS
    ]
