"""Replays of a finished run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis import load_study
from sim.runs.divergence import Divergence
from sim.runs.run import MissingScoreError
from sim.study.axes import read_axes
from sim.study.replay import plan_replay, replay

from .inputs import Changes, overrides, plain
from .studies import Study
from .warn import warn_of_progress


def replays(
    run_dir: Path,
    changes: Changes,
    axes: Mapping[str, Any] | None = None,
    *,
    train: bool = False,
    out: str | Path | None = None,
    workers: int = 1,
) -> Study:
    """The study of all replays of a run, one for each point of the axes, each with its divergence.

    Raises MissingScoreError, naming the first such replay, if one would have to train.
    """
    points = read_axes(plain("axes", axes)) if axes else ()
    plan = plan_replay(run_dir, overrides(changes), points)
    folder = run_dir.parents[1] if out is None else Path(out)
    done = replay(
        run_dir, plan, out=folder, workers=workers, train=train, on_progress=warn_of_progress
    )
    divergences: dict[Path, Divergence | None] = {}
    for one in done:
        if one.result is None:
            reason = f"{one.divergence or 'its scores are no longer stored'}; {one.missing}"
            raise MissingScoreError(f"{one.name}: {reason}; to continue, pass train=True")
        divergences[one.run_dir] = one.divergence
    return Study(records=load_study(folder / plan.name), divergences=divergences)
