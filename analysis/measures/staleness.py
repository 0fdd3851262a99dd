"""Staleness of updates: aggregations between the start of an update and its use."""

from __future__ import annotations

import polars as pl

from analysis.reading.run import Run


def staleness(run: Run) -> pl.DataFrame:
    """Return columns staleness, reports: the number of aggregated updates per staleness.

    In synchronous rounds all updates have staleness 0.
    """
    is_told = pl.col("ages").list.len() > 0
    ages = pl.when(is_told).then("ages").otherwise(pl.col("reports").list.eval(pl.element() * 0))
    each = run.rounds.select(staleness=ages.explode()).drop_nulls()
    return each.group_by("staleness").agg(reports=pl.len().cast(pl.Int64)).sort("staleness")
