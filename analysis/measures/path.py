"""The winning lineage's configuration over time, and the trials that chose it."""

from __future__ import annotations

import polars as pl

from analysis.reading.run import Run
from sim.records import DecisionRow

_WIDTH = pl.coalesce("width", "rank").alias("width")


def configuration_path(run: Run) -> pl.DataFrame:
    """Return columns t_s, depth, width (for LoRA: the rank), is_decision, one row per change.

    A row's configuration holds from t_s on. Rows are the start, the first round of each one-branch
    trial, and each decision. If the first trial has several branches, the start is the smallest of
    them, since a branch never shrinks.
    """
    is_alone = pl.col("branch").n_unique().over("trial") == 1
    starts = (
        run.rounds.filter(is_alone | (pl.col("trial") == pl.min("trial")))
        .with_columns(_WIDTH)
        .sort("trial", "depth", "width", "start_s")
        .unique("trial", keep="first", maintain_order=True)
        .select(pl.col("start_s").alias("t_s"), "depth", "width", is_decision=False)
    )
    decided = run.decisions.select("t_s", "depth", _WIDTH, is_decision=True)
    return pl.concat([starts, decided]).sort("t_s", maintain_order=True)


def is_moving(run: Run) -> bool:
    """Return whether the configuration of the run ever changes."""
    return configuration_path(run).select("depth", "width").n_unique() > 1


def trial_windows(run: Run) -> pl.DataFrame:
    """Return columns trial, start_s, end_s, chosen: decided trials with several branches."""
    several = run.rounds.group_by("trial").agg(
        pl.col("start_s").min(), n_branches=pl.col("branch").n_unique()
    )
    decided = run.decisions.select("trial", "chosen", end_s="t_s")
    joined = several.filter(pl.col("n_branches") > 1).join(decided, on="trial")
    return joined.select("trial", "start_s", "end_s", "chosen").sort("trial")


def trial_rounds(run: Run) -> list[int]:
    """Return for each decided trial the rounds of the branch that ended most of them in it.

    0: the window ended before any branch had ended a round, so that nothing was learnt in it.
    """
    return [max(row["rounds"].values(), default=0) for row in run.events.rows(DecisionRow)]
