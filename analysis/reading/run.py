"""Reads one run directory: its manifest as a mapping, its rows as polars frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from sim.done import change_warnings, changed_files, recorded_sha256
from sim.records import DecisionRow, EndRow, EvaluationRow, FailedRow, RoundRow
from sim.run_files import Manifest
from sim.runlog import DONE, EVALUATIONS, EVENTS

from .rows import CONFIG, RowTables, open_rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One run: one scenario with one seed.

    `arm` names the scenario within its study. `is_finished`: DONE records the sha256 of
    all its files. `rounds` and `evaluations` have one row per record in time order, with the fields
    of RoundRow and EvaluationRow as columns; the configuration is the columns kind, depth, width
    and rank, null where its kind has no such field. `decisions` has t_s, trial, chosen and the
    configuration. `events` reads the other kinds of rows on demand. `metric` is the meaning of
    `accuracy`: "accuracy", or "entity F1" for tagging. `majority_accuracy` (0-1) is that of the
    majority class on `report_on`, the reported split; None for a task without data. `grid_rounds`:
    accuracies are compared at multiples of this number of rounds (analysis.reading.grid).
    """

    path: Path
    arm: str
    seed: int
    is_finished: bool
    n_clients: int
    report_on: str
    learner: str
    majority_accuracy: float | None
    metric: str
    manifest: Manifest
    events: RowTables
    rounds: pl.DataFrame
    decisions: pl.DataFrame
    evaluations: pl.DataFrame
    grid_rounds: int = 1
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {len(self.rounds)} rounds)"

    @property
    def is_full(self) -> bool:
        """Whether every round was full fine-tuning."""
        return self.rounds["kind"].unique().to_list() == ["full"]

    @property
    def every_rounds(self) -> int:
        """Rounds between two evaluations of the scenario; 1 if it does not say."""
        return int(self.manifest["scenario"]["evaluation"].get("every_rounds", 1))

    @property
    def end_s(self) -> float:
        """Simulated second of the run's end; of an unfinished one that of its last round or
        evaluation, 0 without any."""
        last = [table["t_s"][-1] for table in (self.rounds, self.evaluations) if len(table)]
        return max([*last, *(row["t_s"] for row in self.events.rows(EndRow))], default=0.0)


def load_run(directory: Path, manifest: Manifest, arm: str) -> Run:
    """Read the rows of a run directory whose manifest was read before.

    Raises ValueError for a file that a run does not write.
    """
    events = open_rows(directory / EVENTS)
    evaluations = open_rows(directory / EVALUATIONS)
    report_on = str(manifest["scenario"]["evaluation"]["report_on"])
    scores = evaluations.table(EvaluationRow)
    majority = manifest["majority_accuracy"]
    read = {EVENTS: events.sha256, EVALUATIONS: evaluations.sha256}
    has_ended = recorded_sha256(directory) is not None
    run = Run(
        path=directory,
        arm=arm,
        seed=manifest["seed"],
        is_finished=has_ended and not changed_files(directory, read),
        n_clients=manifest["n_clients"],
        report_on=report_on,
        learner=manifest["learner"],
        majority_accuracy=None if majority is None else majority[report_on],
        metric=str(manifest.get("metric", "accuracy")),
        manifest=manifest,
        events=events,
        rounds=_by_time(events.table(RoundRow)),
        decisions=_decisions(events),
        evaluations=_by_time(scores),
    )
    changes = tuple(change_warnings(directory, read))
    return replace(run, warnings=(*changes, *_warnings(run, evaluations)))


def _by_time(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows in time order, with the fields of the configuration as columns."""
    return rows.unnest("config").sort("t_s", maintain_order=True)


def _decisions(events: RowTables) -> pl.DataFrame:
    types = {"t_s": pl.Float64(), "trial": pl.Int64(), "chosen": pl.String(), "config": CONFIG}
    rows = events.rows(DecisionRow)
    values = {name: [row[name] for row in rows] for name in types}
    return _by_time(pl.DataFrame(values, schema=types))


def _warnings(run: Run, evaluations: RowTables) -> Iterator[str]:
    if not run.is_finished and not (run.path / DONE).exists():
        yield f"unfinished, used up to simulated second {run.end_s:.6g}"
    for file in (run.events, evaluations):
        if file.is_cut:
            yield f"{file.path.name} ends within a row; this row is left out"
    for row in run.events.rows(FailedRow):
        yield f"failed: {row.get('error')}"
    if not (run.evaluations["split"] == run.report_on).any():
        yield f"has no evaluation on {run.report_on} yet"
