"""Command `calibrate`: a fleet from the measured rounds of a deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .display import errors

app = typer.Typer()


@app.command()
def calibrate(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE.csv", help="A row for each client and round.")
    ],
    out: Annotated[Path, typer.Option("--out", help="New directory for the fleet.")],
) -> None:
    """Fit device speeds and link rates to measured rounds, and write them as a fleet.

    Columns: client, bytes, batches, down_s, compute_s, up_s; up_bytes where the upload has another
    size. The last quarter of each client's rounds is not fitted but predicted.
    """
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
