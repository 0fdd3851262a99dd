"""How clients' time, bytes and energy were used: work, idle time, waste, lost trials."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analysis.reading.clients import client_table
from analysis.reading.run import Run
from sim.records import DecisionRow

_WORK = pl.col("down_s") + pl.col("compute_s") + pl.col("up_s")
_BYTES = pl.col("down_bytes") + pl.col("up_bytes")
_IN_ROUNDS = _WORK + pl.col("wait_s") + pl.col("idle_s") + pl.col("gone_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Seconds of work, bytes and joules, and their shares (0-1) of the run's totals.

    A share of a total of 0 is 0.
    """

    seconds: float
    bytes: int
    joules: float
    seconds_share: float
    bytes_share: float
    joules_share: float


def utilisation(run: Run) -> float | None:
    """Return the share (0-1) of the clients' time in rounds that they worked.

    Work is download, training and upload; the rest is unavailable, idle and dropped-out time. None
    without rounds.
    """
    worked, total = run.rounds.select(_WORK.sum(), _IN_ROUNDS.alias("total").sum()).row(0)
    return worked / total if total else None


def wasted_work(run: Run) -> Share:
    """Return wasted work: updates that were not aggregated, and attempts that were repeated."""
    lost = run.rounds.select("lost_s", "lost_bytes", "lost_j").sum().row(0)
    return _share(run, *lost)


def trial_overhead(run: Run) -> Share:
    """Return the cost of branches that lost a trial. An undecided trial has no losing branch, nor
    one that was decided between views of its only branch."""
    of_views = [
        row["trial"]
        for row in run.events.rows(DecisionRow)
        if row["chosen"] and row["chosen"] not in row["spent_s"]
    ]
    decisions = run.decisions.filter(~pl.col("trial").is_in(of_views))
    decided = run.rounds.join(decisions.select("trial", "chosen"), on="trial")
    lost = decided.filter(pl.col("branch") != pl.col("chosen"))
    return _share(run, *lost.select(*_spent()).row(0))


def cache_hit_rate(run: Run) -> float | None:
    """Return the share (0-1) of the texts of training steps whose activations were stored.

    None if the log has no rows of clients or no client keeps activations.
    """
    texts, cached = client_table(run).select("texts", "cached_texts").sum().row(0)
    return cached / texts if texts else None


def _spent() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    return _WORK.sum().alias("s"), _BYTES.sum().alias("bytes"), pl.col("energy_j").sum()


def _share(run: Run, seconds: float, n_bytes: int, joules: float) -> Share:
    all_s, all_bytes, all_j = run.rounds.select(*_spent()).row(0)
    return Share(
        seconds=seconds,
        bytes=n_bytes,
        joules=joules,
        seconds_share=seconds / all_s if all_s else 0.0,
        bytes_share=n_bytes / all_bytes if all_bytes else 0.0,
        joules_share=joules / all_j if all_j else 0.0,
    )
