"""How old updates are when they are used, where rounds are not synchronous."""

from __future__ import annotations

import polars as pl

from analysis.reading.load import Run


def staleness(run: Run) -> pl.DataFrame:
    """Columns staleness, reports: how many aggregated updates were so many aggregations old when
    they were used; 0 for all of a synchronous run."""
    is_told = pl.col("ages").list.len() > 0
    ages = pl.when(is_told).then("ages").otherwise(pl.col("reports").list.eval(pl.element() * 0))
    each = run.rounds.select(staleness=ages.explode()).drop_nulls()
    return each.group_by("staleness").agg(reports=pl.len().cast(pl.Int64)).sort("staleness")


def mean_staleness(run: Run) -> float | None:
    """Mean age of the aggregated updates, in aggregations; None where none is told."""
    counts = staleness(run)
    reports = int(counts["reports"].sum())
    total = int((counts["staleness"] * counts["reports"]).sum())
    return total / reports if reports else None
