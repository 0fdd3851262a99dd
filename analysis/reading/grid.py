"""The common grid: the evaluations at which the arms of a study are compared.

It is a grid of rounds. Where synchronous and asynchronous arms meet, whose rounds are not the same
amount of work, it is a grid of client updates: one a round in mode async, `buffer` in mode
buffered, `participants` in mode sync.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import lcm
from typing import Literal

import polars as pl

from .run import Run

Unit = Literal["rounds", "client updates"]

_LEAST_EVALUATIONS = 3
"""Evaluations on the common grid without which a run has no moving mean."""


def on_common_grid(runs: Sequence[Run]) -> list[Run]:
    """Return the runs with `grid_rounds` set: rounds of each run between two points of the grid."""
    step, unit = grid_step(runs)
    return [replace(run, grid_rounds=step // _size_of_round(run, unit)) for run in runs]


def grid_step(runs: Sequence[Run]) -> tuple[int, Unit]:
    """Return the least number of rounds, or of client updates, that all trained runs' evaluations
    have in common."""
    steps, unit = _steps(runs)
    return lcm(*steps), unit


def has_several_grids(runs: Sequence[Run]) -> bool:
    """Whether the trained runs are evaluated at different intervals."""
    return len(_steps(runs)[0]) > 1


def has_mixed_modes(runs: Sequence[Run]) -> bool:
    """Whether a round is not the same work in all runs, since their modes differ."""
    return len({_mode(run) for run in runs}) > 1


def updates_a_round(run: Run) -> int:
    """Return the client updates that a round asks for: participants, 1 (async) or the buffer."""
    rounds, mode = run.manifest["scenario"].get("rounds", {}), _mode(run)
    if mode == "async":
        return 1
    return int(rounds.get("buffer" if mode == "buffered" else "participants", 1))


def grid_warnings(runs: Sequence[Run]) -> Iterator[str]:
    """Yield what a common grid of several intervals leaves out."""
    steps, unit = _steps(runs)
    if len(steps) < 2:
        return
    text = f"arms are evaluated every {', '.join(map(str, steps))} {unit}: targets are read every "
    text += f"{lcm(*steps)} {unit}, the grid that they share"
    few = [run for run in _trained(runs) if _n_evaluations(run) < _LEAST_EVALUATIONS]
    if short := dict.fromkeys(run.arm for run in few):
        text += f"; with fewer than three such evaluations no target counts for {', '.join(short)}"
    yield text


def _trained(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.learner != "curve"]


def _steps(runs: Sequence[Run]) -> tuple[list[int], Unit]:
    """The intervals between evaluations of trained runs, each once, and their unit."""
    trained = _trained(runs)
    unit: Unit = "client updates" if has_mixed_modes(trained) else "rounds"
    return sorted({run.every_rounds * _size_of_round(run, unit) for run in trained}), unit


def _size_of_round(run: Run, unit: Unit) -> int:
    """What a round of the run is, in the unit."""
    return 1 if unit == "rounds" else updates_a_round(run)


def _mode(run: Run) -> str:
    return str(run.manifest["scenario"].get("rounds", {}).get("mode", "sync"))


def _n_evaluations(run: Run) -> int:
    is_on_grid = (pl.col("round") > 0) & (pl.col("round") % run.grid_rounds == 0)
    reported = run.evaluations.filter((pl.col("split") == run.report_on) & is_on_grid)
    return reported["state"].n_unique()
