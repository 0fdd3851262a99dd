"""A run and its replay: what is known of the replay, and where learning diverges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import polars as pl

from analysis.reading.run import Run
from analysis.reading.study import load_study


class Diverged(Protocol):
    """Where learning diverges (sim.runs.divergence); its text names the reason."""

    @property
    def t_s(self) -> float: ...
    @property
    def round(self) -> int: ...


class Replayed(Protocol):
    """A replay as sim.study.replay returns it. `missing`: which score the store lacks, or ""."""

    @property
    def run_dir(self) -> Path: ...
    @property
    def divergence(self) -> Diverged | None: ...
    @property
    def missing(self) -> str: ...


class Replayer(Protocol):
    """Replays finished runs without training (sim.study.replayer). All methods raise ValueError or
    RunError, in one line, for overrides `a.b=c` that are not valid."""

    def scenario(self, run_dir: Path, overrides: Sequence[str]) -> Mapping[str, Any]: ...
    def replay(self, run_dir: Path, overrides: Sequence[str], out: Path) -> Replayed: ...
    def study_text(self, run_dir: Path, overrides: Sequence[str]) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A replay as far as it is known.

    `run`: its rounds, and its evaluations up to the missing score if there is one. `diverges_at_s`,
    `diverges_at_round`: the first difference in learning; `reason`: the same in words. None and ""
    if there is none. `missing`: why the curve ends early, or "".
    """

    run: Run
    diverges_at_s: float | None
    diverges_at_round: int | None
    reason: str
    missing: str


def replayed(base: Run, overrides: Sequence[str], replayer: Replayer) -> Outcome:
    """Replay a run without training. Raises as the replayer does."""
    with TemporaryDirectory(prefix="fedadapter-explore-") as out:
        told = replayer.replay(base.path, overrides, Path(out))
        (run,) = load_study(told.run_dir).runs
    divergence = told.divergence
    run = replace(run, grid_rounds=base.grid_rounds)
    return Outcome(
        run=run if not told.missing else known_part(base, run),
        diverges_at_s=divergence.t_s if divergence else None,
        diverges_at_round=divergence.round if divergence else None,
        reason=str(divergence) if divergence else "",
        missing=told.missing,
    )


def known_part(base: Run, run: Run) -> Run:
    """The replay with the evaluations that are known: its own, and those of its last trial.

    A replay that lacks a score reports no evaluation of its last trial. The states before the
    divergence are those of the base run, which has evaluated them. If the last trial has several
    branches, it was not decided, and none of its states is known to be on the curve.
    """
    trial = run.rounds["trial"].max()
    rounds = run.rounds.filter((pl.col("trial") == trial) & (pl.col("status") == "done"))
    if rounds["branch"].n_unique() != 1:
        return run
    at = pl.concat(
        [
            rounds.head(1).select(state="base", t_s="start_s"),
            rounds.select("state", "t_s"),
        ]
    )
    later = base.evaluations.drop("t_s").join(at, on="state", maintain_order="left")
    missing = later.join(run.evaluations, on=["state", "split"], how="anti", maintain_order="left")
    rows = pl.concat([run.evaluations, missing.select(run.evaluations.columns)])
    return replace(run, evaluations=rows.sort("t_s", maintain_order=True))
