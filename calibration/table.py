"""The table of measured rounds: a row for each client and round."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

NEEDED = ("client", "bytes", "batches", "down_s", "compute_s", "up_s")
"""bytes: of the payload in each direction; up_bytes, if there is such a column, of the upload."""


def read_rounds(path: Path) -> pl.DataFrame:
    """The rows whose client finished, with the columns of NEEDED and `up_bytes`.

    Rows in which a stage has no seconds are left out: the client was late or lost. Other columns
    are passed over. Raises ValueError, naming file, line and rule.
    """
    try:
        table = pl.read_csv(path, infer_schema_length=None)
    except PolarsError as error:
        raise ValueError(f"{path}: is no CSV table: {' '.join(str(error).split())}") from None
    for name in NEEDED:
        if name not in table.columns:
            raise ValueError(f"{path}: the column {name} is missing; needed: {', '.join(NEEDED)}")
    if "up_bytes" not in table.columns:
        table = table.with_columns(up_bytes=pl.col("bytes"))
    numbers = ("bytes", "up_bytes", "batches", "down_s", "compute_s", "up_s")
    for name in numbers:
        if not table[name].dtype.is_numeric() and not table[name].is_null().all():
            raise ValueError(f"{path}: the column {name} must hold numbers")
    table = table.with_row_index("line", offset=2).select("line", "client", *numbers).drop_nulls()
    if table.is_empty():
        raise ValueError(f"{path}: has no row with the seconds of all three stages")
    for name in numbers:
        bad = table.filter(~(pl.col(name).is_finite() & (pl.col(name) > 0)))
        if len(bad):
            line, value = bad["line"][0], bad[name][0]
            raise ValueError(f"{path}:{line}: {name} must be finite and above 0, got {value}")
    return table.drop("line")
