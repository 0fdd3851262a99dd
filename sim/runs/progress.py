"""The progress of a run, for displays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from learner.graph.stored_learner import Progress
from learner.spec import Learner, StateRef
from sim.build.learner import RunCallbacks
from sim.records import RoundRow
from sim.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """The state of a run after the latest round that is trained.

    `sim_s`, `round` and `fraction` never fall, also where the branches of a trial take turns.
    `fraction`: the part (0-1) of the run's rounds or simulated seconds that is over; None if it
    limits neither. `branch`: the branch of a trial and its own round, "" outside of trials.
    `accuracy`: the latest score, on either split. `trainings`, `store_hits`: of this process.
    `doing`: what the run does instead of training ("": it trains). `is_done`: the run has ended.
    `warning`: a line about the data; a report with a warning has no other content.
    """

    run: str
    seed: int = 0
    sim_s: float
    round: int
    config: str = ""
    accuracy: float | None
    fraction: float | None = None
    trainings: int = 0
    store_hits: int = 0
    branch: str = ""
    doing: str = ""
    is_done: bool = False
    warning: str = ""


ProgressSink = Callable[[RunProgress], None]

_JOBS_BETWEEN_REPORTS = 10_000
"""Client jobs of a run that trains nothing between two reports: about a second."""


@dataclass(slots=True)
class Monitor:
    """Combines the engine's reports on rounds with the learner's reports on states.

    The engine simulates ahead of training, so a round is reported once its state is trained. A run
    that trains nothing reports the first round after every _JOBS_BETWEEN_REPORTS client jobs.
    """

    run: str
    seed: int
    scenario: Scenario
    on_progress: ProgressSink
    learner: Learner | None = None
    _rows: dict[StateRef, RoundRow] = field(default_factory=dict)
    _accuracy: float | None = None
    _sim_s: float = 0.0
    _round: int = 0
    _fraction: float | None = None
    _jobs_untold: int = 0
    _branches: dict[int, set[str]] = field(default_factory=dict)  # by trial

    def callbacks(self) -> RunCallbacks:
        return RunCallbacks(
            on_round=self.on_round,
            on_progress=self.on_learned,
            on_fill=self.on_fill,
            where=self.where,
        )

    def on_round(self, row: RoundRow) -> None:
        """A round was simulated."""
        if self.scenario.learner.kind == "curve":
            self._on_timed(row)
            return
        self._rows.setdefault(StateRef(row.state), row)
        self._branches.setdefault(row.trial, set()).add(row.branch)

    def _on_timed(self, row: RoundRow) -> None:
        """A round of a run that trains nothing; its row is not kept."""
        self._branches.setdefault(row.trial, set()).add(row.branch)
        self._jobs_untold += len(row.clients)
        if self._jobs_untold >= _JOBS_BETWEEN_REPORTS:
            self._jobs_untold = 0
            self._tell(row)

    def where(self, state: StateRef) -> str:
        """The branch and round that made a state, as the start of a message; "" if not known."""
        row = self._rows.get(state)
        return f"branch {row.branch}, round {row.round}: " if row else ""

    def on_learned(self, progress: Progress) -> None:
        """A state was trained or scored."""
        if progress.evaluation is not None:
            self._accuracy = progress.evaluation.accuracy
        row = self._rows.get(progress.state)
        if row is not None:
            self._tell(row)

    def _tell(self, row: RoundRow) -> None:
        """Report a round of the run."""
        self._sim_s, self._round = max(self._sim_s, row.t_s), max(self._round, row.round)
        self._advance(row)
        is_branch = len(self._branches[row.trial]) > 1
        self._report(
            config=str(row.config),
            branch=f"{row.branch}, round {row.round}" if is_branch else "",
            fraction=self._fraction,
        )

    def _advance(self, row: RoundRow) -> None:
        """Note how much of the run is over; branches of a trial that lag behind change nothing."""
        stop = self.scenario.stop
        shares = [row.round / stop.rounds] if stop.rounds else []
        shares += [row.t_s / stop.sim_s] if stop.sim_s else []
        if shares:
            self._fraction = min(1.0, max(self._fraction or 0.0, *shares))

    def on_fill(self, split: str, share: float) -> None:
        """A share (0-1) of a split's activations is computed; done once per model and task."""
        self._report(doing=f"encoding the {split} texts once: {share:.0%}", fraction=self._fraction)

    def on_warning(self, warning: str) -> None:
        """A part of the scenario, its data or its traces may have an unexpected effect."""
        self._report(warning=warning)

    def on_end(self, sim_s: float, rounds: int, accuracy: float) -> None:
        """The run has ended."""
        self._sim_s, self._round, self._accuracy = sim_s, rounds, accuracy
        self._report(fraction=1.0, is_done=True)

    def _report(self, **told: Any) -> None:
        """Report the run as it stands; `told`: further fields of RunProgress."""
        self.on_progress(
            RunProgress(
                run=self.run,
                seed=self.seed,
                sim_s=self._sim_s,
                round=self._round,
                accuracy=self._accuracy,
                trainings=self.learner.trainings if self.learner else 0,
                store_hits=self.learner.store_hits if self.learner else 0,
                **told,
            )
        )
