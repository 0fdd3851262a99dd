"""Where clients' time, bytes and joules went: used, idle, lost, or spent on trials that lost."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analysis.reading.clients import client_table
from analysis.reading.load import Run

_WORK = pl.col("down_s") + pl.col("compute_s") + pl.col("up_s")
_BYTES = pl.col("down_bytes") + pl.col("up_bytes")
_ATTENDED = _WORK + pl.col("wait_s") + pl.col("idle_s") + pl.col("gone_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Client seconds of work, bytes and joules, and their shares (0-1) of all that was spent;
    a share of nothing is 0."""

    seconds: float
    bytes: int
    joules: float
    seconds_share: float
    bytes_share: float
    joules_share: float


def utilisation(run: Run) -> float | None:
    """Share (0-1) of its selected clients' time in rounds that they spent on work (download,
    training, upload) rather than waiting, idle or gone; None without rounds."""
    worked, attended = run.rounds.select(_WORK.sum(), _ATTENDED.alias("attended").sum()).row(0)
    return worked / attended if attended else None


def wasted_work(run: Run) -> Share:
    """Work of which nothing came: unused updates, cut rounds, repeated attempts."""
    lost = run.rounds.select("lost_s", "lost_bytes", "lost_j").sum().row(0)
    return _share(run, *lost)


def trial_overhead(run: Run) -> Share:
    """What the branches that lost a trial had cost. A trial without a verdict has no loser."""
    decided = run.rounds.join(run.decisions.select("trial", "chosen"), on="trial")
    lost = decided.filter(pl.col("branch") != pl.col("chosen"))
    return _share(run, *lost.select(*_spent()).row(0))


def cache_hit_rate(run: Run) -> float | None:
    """Share (0-1) of adapter trainings that found their activations stored; None where the log
    has no rows of clients, or nothing was ever stored."""
    counts = dict(client_table(run)["cache"].value_counts().rows())
    tried = counts.get("hit", 0) + counts.get("fill", 0)
    return counts.get("hit", 0) / tried if tried else None


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
