"""Command `calibrate`: a fleet from the measured rounds of a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from learner.spec import require_units

from .display import errors, page

if TYPE_CHECKING:
    from calibration.fit import ClientFit
    from calibration.job import Job

app = typer.Typer()


@app.command()
def calibrate(
    table: Annotated[
        Path | None, typer.Argument(metavar="TABLE.csv", help="A row for each client and round.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="New directory for the fleet.")] = None,
    published: Annotated[
        bool,
        typer.Option("--published", help="Show how far derived seconds are from published ones."),
    ] = False,
    tuning: Annotated[
        Literal["full", "adapter", "lora"] | None,
        typer.Option("--tuning", help="What the rounds trained (default: full)."),
    ] = None,
    depth: Annotated[
        int | None, typer.Option("--depth", min=0, help="Tuned layers (default: all).")
    ] = None,
    size: Annotated[
        int | None, typer.Option("--size", min=1, help="Adapter width or LoRA rank (default: any).")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="As in device files (default: the scenario's).")
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option("--batch-size", min=1, help="Texts a batch (default: the scenario's)."),
    ] = None,
    tokens: Annotated[
        int | None,
        typer.Option("--tokens", min=1, help="Tokens a text (default: the scenario's)."),
    ] = None,
) -> None:
    """Fit device speeds and link rates to measured rounds, and write them as a fleet.

    Columns: client, bytes, batches, down_s, compute_s, up_s; up_bytes where the upload has another
    size. The last quarter of each client's rounds is not fitted but predicted. Client i of a
    scenario with the fleet is the i-th client of the printed table.
    """
    if published == (table is not None or out is not None) or (table is None) != (out is None):
        raise typer.BadParameter("needs TABLE.csv and --out DIRECTORY, or --published alone")
    if table is None or out is None:
        _print_derived()
        return
    from calibration.job import Job

    if tuning == "adapter" and size is not None:
        require_units(**{"--size": size})
    job = Job(
        tuning=tuning,
        depth=depth,
        size=size,
        model=model,
        batch_size=batch_size,
        tokens=tokens,
    )
    _write_fleet(table, out, job)


def _write_fleet(table: Path, out: Path, job: Job) -> None:
    from calibration.fit import fit
    from calibration.order import by_name
    from calibration.table import read_rounds
    from calibration.write import write_fleet

    if out.exists():
        raise FileExistsError(17, "exists already; name another directory", str(out))
    rounds = read_rounds(table)
    try:
        clients = by_name(fit(rounds))
    except ValueError as error:
        raise ValueError(f"{table}: {error}") from None
    errors.print(_shown(clients))
    if job.assumed():
        errors.print(f"assumed, since not stated: {job.assumed()}", highlight=False)
    typer.echo(write_fleet(out, clients, job))


def _shown(clients: Mapping[str, ClientFit]) -> Table:
    shown = Table(
        *("id", "client", "rounds", "ms a batch", "down MB/s", "up MB/s"),
        *("latency down, up s", "held-out error"),
    )
    for i, one in enumerate(clients.values()):
        cells = [
            f"{own.value * scale:.3g} ({own.low * scale:.3g} to {own.high * scale:.3g})"
            for own, scale in (
                (one.seconds_per_batch, 1e3),
                (one.down.bytes_per_s, 1e-6),
                (one.up.bytes_per_s, 1e-6),
            )
        ]
        latency = f"{one.down.latency_s:.3g}, {one.up.latency_s:.3g}"
        own = (str(i), one.client, str(one.n_rounds))
        shown.add_row(*own, *cells, latency, f"{one.held_out:.1%}")
    return shown


def _print_derived() -> None:
    """Published steps beside what the analytic cost model derives from one other figure."""
    from statistics import median

    from sim.cost.derived import derived_figures

    found = [*derived_figures()]
    shown = Table("device", "job", "measured s", "derived s", "error", "scaled from")
    for one in found:
        measured = one.measurement
        figures = (f"{measured.seconds:g}", f"{one.seconds:.3g}", f"{one.error:+.0%}")
        shown.add_row(measured.device, measured.job, *figures, one.scaled_from)
    page(160).print(shown)
    sizes = [abs(one.error) for one in found]
    typer.echo(
        f"{len(found)} derived steps: {median(sizes):.0%} off in the median, {max(sizes):.0%} at "
        "most; seconds that a scenario scales are no better than this"
    )
