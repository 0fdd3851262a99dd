"""How often each client took part, and how evenly participation is spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from analysis.reading.run import Run


def participation(run: Run) -> pl.DataFrame:
    """Return columns client, selected, reported: rounds per client of the population.

    selected: rounds of all branches that selected the client; reported: those that aggregated its
    update.
    """
    population = pl.DataFrame({"client": np.arange(run.n_clients)})
    return (
        population.join(_counts(run, "clients", "selected"), on="client", how="left")
        .join(_counts(run, "reports", "reported"), on="client", how="left")
        .fill_null(0)
        .sort("client")
    )


def jain(amounts: Sequence[float]) -> float | None:
    """Jain's fairness index, (sum x)^2 / (n sum x^2): 1 if all are equal, 1/n if one has all.

    None if all are 0. Source: Jain, Chiu and Hawe, 1984, DEC TR-301.

    >>> jain([2, 2, 2, 2]), jain([1, 0, 0, 0])
    (1.0, 0.25)
    """
    x = np.asarray(amounts, dtype=float)
    squares = float(np.sum(x**2))
    return float(np.sum(x)) ** 2 / (len(x) * squares) if squares else None


def fairness(run: Run) -> float | None:
    """Return Jain's index of the number of aggregated updates per client."""
    return jain(participation(run)["reported"].to_list())


def _counts(run: Run, column: str, name: str) -> pl.DataFrame:
    return (
        run.rounds.select(client=pl.col(column).explode())
        .drop_nulls()
        .group_by("client")
        .agg(pl.len().cast(pl.Int64).alias(name))
    )
