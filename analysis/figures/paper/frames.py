"""Frames for the paper's figures, each over several studies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from analysis.figures.what_if import what_if_frame
from analysis.measures import Crossing, accuracy_curve, crossing_s
from analysis.reading.study import Study
from analysis.tables.runs import Quantity
from sim.records import ComputeRow

Targets = Sequence[float | None]
"""The target accuracy (0-1) of each study, None if it has none."""


def title_of(study: Study) -> str:
    """Return the title of a study's panel: the name of its directory."""
    return study.path.resolve().name


def axis_frame(
    studies: Sequence[Study],
    sets: Callable[[str], bool],
    quantity: Quantity,
    targets: Targets,
    crossing: Crossing = "sustained",
) -> pl.DataFrame:
    """Return the rows of `what_if_frame` along each study's only axis, with a column study.

    Raises ValueError for a study that does not have exactly one axis, or whose axis sets no key for
    which `sets` is true.
    """
    frames = []
    for study, target in zip(studies, targets, strict=True):
        axis = _only_axis(study, sets)
        frame = what_if_frame(study, axis, quantity, target, crossing)
        frames.append(frame.with_columns(study=pl.lit(title_of(study))))
    return pl.concat(frames)


def batch_frame(studies: Sequence[Study], sets: Callable[[str], bool]) -> pl.DataFrame:
    """As `axis_frame`, with the mean seconds per batch as value; needs log: all in the scenario."""
    frames = []
    for study in studies:
        axis = _only_axis(study, sets)
        frame = what_if_frame(study, axis, _LENGTH)
        runs = [run for run in study.runs if run.arm in study.coordinates]
        value = pl.Series("value", [_batch_s(run.events.table(ComputeRow)) for run in runs])
        frames.append(frame.with_columns(value, study=pl.lit(title_of(study))))
    return pl.concat(frames)


def relative_frame(study: Study, target: float, crossing: Crossing = "sustained") -> pl.DataFrame:
    """Return columns arm, seed, t_s, share: accuracy / target, until the target is reached."""
    frames = []
    for run in study.runs:
        reached_s = crossing_s(run, target, crossing)
        curve = accuracy_curve(run).select(
            "t_s",
            share=pl.col("accuracy") / target,
            arm=pl.lit(run.arm),
            seed=pl.lit(run.seed, pl.Int64),
        )
        frames.append(curve if reached_s is None else curve.filter(pl.col("t_s") <= reached_s))
    return pl.concat(frames).select("arm", "seed", "t_s", "share")


_LENGTH = Quantity(column="end_s", text="time to the run's end", unit="s")


def _only_axis(study: Study, sets: Callable[[str], bool]) -> str:
    if len(study.axes) != 1:
        raise ValueError(f"{title_of(study)}: needs one axis, has {len(study.axes)}")
    ((axis, paths),) = study.axes.items()
    if not any(map(sets, paths)):
        raise ValueError(f"{title_of(study)}: its axis sets other keys: {', '.join(paths)}")
    return axis


def _batch_s(rows: pl.DataFrame) -> float | None:
    batches = int(rows["batches"].sum()) if len(rows) else 0
    return float((rows["t_s"] - rows["start_s"]).sum()) / batches if batches else None
