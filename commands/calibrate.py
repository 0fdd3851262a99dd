"""Command `calibrate`: a fleet from the measured rounds of a deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .display import errors, page

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
) -> None:
    """Fit device speeds and link rates to measured rounds, and write them as a fleet.

    Columns: client, bytes, batches, down_s, compute_s, up_s; up_bytes where the upload has another
    size. The last quarter of each client's rounds is not fitted but predicted.
    """
    if published == (table is not None or out is not None) or (table is None) != (out is None):
        raise typer.BadParameter("needs TABLE.csv and --out DIRECTORY, or --published alone")
    if table is None or out is None:
        _print_derived()
        return
    _write_fleet(table, out)


def _write_fleet(table: Path, out: Path) -> None:
    from calibration.fit import fit
    from calibration.table import read_rounds
    from calibration.write import write_fleet

    if out.exists():
        raise FileExistsError(17, "exists already; name another directory", str(out))
    fits = fit(read_rounds(table))
    shown = Table("client", "rounds", "ms a batch", "down MB/s", "up MB/s", "held-out error")
    for one in fits:
        cells = [
            f"{own.value * scale:.3g} ({own.low * scale:.3g} to {own.high * scale:.3g})"
            for own, scale in (
                (one.seconds_per_batch, 1e3),
                (one.down.bytes_per_s, 1e-6),
                (one.up.bytes_per_s, 1e-6),
            )
        ]
        shown.add_row(one.client, str(one.n_rounds), *cells, f"{one.held_out:.1%}")
    errors.print(shown)
    typer.echo(write_fleet(out, fits))


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
