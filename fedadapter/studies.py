"""Studies: run every arm with every seed, and compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Unpack

import polars as pl

from analysis import Study as Records
from analysis import load_study, table_rows
from analysis.measures import Crossing, check_target
from analysis.tables.runs import default_target, run_frame
from learner.training.numerics import Precision
from sim.runs.divergence import Divergence
from sim.runs.progress import ProgressSink
from sim.study.study import run_study

from .figures import FigureChoices, NotebookFigure, all_figures, one_figure
from .inputs import Changes, StudySource, study_of
from .runs import Run
from .warn import warn, warn_of_progress


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """The runs of a study, its table and its figures.

    `records`: what they are read from (analysis.Study). `divergences`: of replays, by directory.
    """

    records: Records
    divergences: Mapping[Path, Divergence | None] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Study({str(self.directory)!r}, {len(self.arms)} arms, {len(self.runs)} runs)"

    @property
    def directory(self) -> Path:
        return self.records.path

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the arms, in the study's order."""
        return self.records.arms

    @property
    def runs(self) -> tuple[Run, ...]:
        """Every arm with every seed, in that order."""
        return tuple(
            Run(records=run, divergence=self.divergences.get(run.path)) for run in self.records.runs
        )

    def table(
        self,
        targets: Sequence[float] | None = None,
        *,
        crossing: Crossing = "sustained",
        baseline: str | None = None,
    ) -> pl.DataFrame:
        """One row per target accuracy (0-1) and arm: hours, megabytes, kilojoules, intervals.

        analysis.tables.targets.table_rows describes the columns. Without targets: those of
        `fedadapter table`.
        """
        if targets is None:
            rows = table_rows(self.records, crossing=crossing, baseline=baseline)
        else:
            rows = table_rows(self.records, targets, (), crossing, baseline)
        return pl.DataFrame(rows, infer_schema_length=None)

    def run_table(
        self, target: float | None = None, *, crossing: Crossing = "sustained"
    ) -> pl.DataFrame:
        """One row per run: seconds, megabytes and kilojoules to the target (0-1), and shares.

        analysis.tables.runs.run_frame describes the columns. Without a target: 95 % of the best
        accuracy. Raises ValueError for a target that is not above 0 and at most 1.
        """
        if target is None:
            return run_frame(self.records, default_target(self.records), crossing)
        check_target(target)
        return run_frame(self.records, target, crossing)

    def figure(self, name: str, **choices: Unpack[FigureChoices]) -> NotebookFigure:
        """A figure of `fedadapter figures`. Raises ValueError with the reason if there is none."""
        return one_figure(self.records, name, **choices)

    def figures(self, **choices: Unpack[FigureChoices]) -> dict[str, NotebookFigure]:
        """Every figure that the runs support, by name."""
        return all_figures(self.records, **choices)


def study(
    source: StudySource,
    changes: Changes | None = None,
    *,
    seeds: Sequence[int] | None = None,
    out: str | Path = "runs",
    workers: int = 1,
    ray: str | None = None,
    precision: Precision = "fp32",
    on_progress: ProgressSink = warn_of_progress,
) -> Study:
    """Run every arm of a study with every seed; finished runs are not run again.

    source: a study file, or its content as a mapping. changes: by dotted key, set in every run.
    seeds: used instead of the study's own. The other arguments are those of
    sim.study.study.run_study. Raises ScenarioError for an invalid study, and the first error of a
    run when the others have ended.
    """
    planned = study_of(source, changes or {})
    if seeds is not None:
        planned = replace(planned, seeds=tuple(seeds))
    run_study(
        planned,
        out=out,
        workers=workers,
        ray=ray,
        precision=precision,
        on_progress=on_progress,
    )
    return open_study(Path(out) / planned.name)


def open_study(directory: str | Path) -> Study:
    """Read the study in a directory. Raises ValueError if it holds no runs."""
    records = load_study(directory)
    warn(records.warnings)
    return Study(records=records)
