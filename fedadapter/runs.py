"""Single runs: simulate a scenario, read its records, replay it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import polars as pl

from analysis import Run as Records
from analysis import load_study
from analysis.measures import Crossing, check_target, effort_to
from analysis.measures.crossing import Effort
from analysis.reading.parquet import record_tables
from configurator import Configurator
from learner.training.numerics import Precision
from sim.engine.participation import Participation, participate
from sim.runs.divergence import Divergence
from sim.runs.progress import ProgressSink
from sim.runs.run import run_scenario
from sim.scenario.file import parse_scenario
from sim.scenario.scenario import Scenario

from .figures import FigureChoices, NotebookFigure, all_figures, one_figure
from .inputs import Changes, ScenarioSource, scenario_of
from .warn import warn, warn_of_progress

if TYPE_CHECKING:
    from .studies import Study


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One run: a scenario with a seed, and its records as polars frames.

    `records`: what the frames are read from (analysis.Run). `divergence`: of a replay, the first
    difference in learning from the run that was replayed; None if there is none.
    """

    records: Records
    divergence: Divergence | None = None

    def __repr__(self) -> str:
        ended = f"{self.sim_s:,.1f} simulated s" if self.records.is_finished else "unfinished"
        return f"Run({self.arm!r}, seed {self.seed}, {ended}, {str(self.directory)!r})"

    @property
    def directory(self) -> Path:
        return self.records.path

    @property
    def arm(self) -> str:
        """The name of the scenario; within a study, of its arm."""
        return self.records.arm

    @property
    def seed(self) -> int:
        return self.records.seed

    @property
    def scenario(self) -> Scenario:
        """What was run, with every default. Raises ScenarioError if a rule has changed since."""
        return parse_scenario(self.records.manifest["scenario"], str(self.directory))

    @property
    def result(self) -> Mapping[str, Any]:
        """The numbers of the finished run (sim.runs.run.RunResult). Raises ValueError before."""
        result = self.records.manifest.get("result")
        if result is None:
            raise ValueError(f"{self.directory}: the run is not finished; repeat it to resume")
        return result

    @property
    def accuracy(self) -> float:
        """Accuracy (0-1) of the final state on the reported split."""
        return float(self.result["accuracy"])

    @property
    def sim_s(self) -> float:
        """Simulated seconds of the whole run."""
        return float(self.result["sim_seconds"])

    @property
    def rounds(self) -> pl.DataFrame:
        """One row a round, with the columns of sim.records.RoundRow."""
        return self.records.rounds

    @property
    def evaluations(self) -> pl.DataFrame:
        """One row a score, with the columns of sim.records.EvaluationRow."""
        return self.records.evaluations

    @property
    def decisions(self) -> pl.DataFrame:
        """One row a trial: t_s, trial, chosen and the configuration."""
        return self.records.decisions

    def tables(self) -> dict[str, pl.DataFrame]:
        """Every record of the run, one frame a kind; those of clients with `log: clients`."""
        return record_tables(self.directory)

    def effort_to(self, target: float, crossing: Crossing = "sustained") -> Effort | None:
        """Seconds, rounds, bytes and joules until a target accuracy (0-1); None if not reached.

        Raises ValueError for a target that is not above 0 and at most 1.
        """
        check_target(target)
        return effort_to(self.records, target, crossing)

    def figure(self, name: str, **choices: Unpack[FigureChoices]) -> NotebookFigure:
        """A figure of `fedadapter figures`. Raises ValueError with the reason if there is none."""
        return one_figure(load_study(self.directory), name, **choices)

    def figures(self, **choices: Unpack[FigureChoices]) -> dict[str, NotebookFigure]:
        """Every figure that the run supports, by name."""
        return all_figures(load_study(self.directory), **choices)

    def replay(
        self, changes: Changes, *, train: bool = False, out: str | Path | None = None
    ) -> Run:
        """The run again with other links, devices, costs or server, without training.

        Learning stays the same as long as cohorts and decisions do; `divergence` says where it does
        not. out: the folder of the run's own directory, unless another is named. Raises
        MissingScoreError where a score would have to be trained: pass train=True.
        """
        from .replays import replays

        return replays(self.directory, changes, train=train, out=out).runs[0]

    def replay_along(
        self,
        axes: Mapping[str, Any],
        changes: Changes | None = None,
        *,
        train: bool = False,
        out: str | Path | None = None,
        workers: int = 1,
    ) -> Study:
        """One replay for each point of the axes, which are those of a study file.

        {"rounds.deadline_s": [5, 10]} has one axis. Raises MissingScoreError as `replay` does.
        """
        from .replays import replays

        return replays(self.directory, changes or {}, axes, train=train, out=out, workers=workers)


def run(
    scenario: ScenarioSource,
    changes: Changes | None = None,
    *,
    seed: int = 0,
    out: str | Path = "runs",
    workers: int = 1,
    precision: Precision = "fp32",
    configurator: Configurator | None = None,
    participation: Participation = participate,
    on_progress: ProgressSink = warn_of_progress,
) -> Run:
    """Run a scenario; resume the run if its directory has an unfinished one.

    scenario: a file, its content as a mapping, or a loaded scenario. changes: by dotted key, as
    `--set`. The other arguments are those of sim.runs.run.run_scenario. Raises ScenarioError for an
    invalid scenario, ValueError if scenario, model and data do not fit together, RunError if the
    directory is in use or training fails.
    """
    result = run_scenario(
        scenario_of(scenario, changes or {}),
        seed=seed,
        out=out,
        workers=workers,
        precision=precision,
        configurator=configurator,
        participation=participation,
        on_progress=on_progress,
    )
    return open_run(result.run_dir)


def open_run(directory: str | Path) -> Run:
    """Read the run in a directory. Raises ValueError if it is not that of one run."""
    found = load_study(directory)
    if len(found.runs) != 1 or found.runs[0].path != Path(directory):
        raise ValueError(f"{directory}: is not the directory of one run; open_study reads several")
    warn(f"{directory}: {line}" for line in found.runs[0].warnings)
    return Run(records=found.runs[0])
