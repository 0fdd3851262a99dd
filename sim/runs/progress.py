"""How far a run has come, for displays. Told of what happens; nothing flows back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from learner.graph.stored_learner import Progress
from learner.spec import Learner, StateRef
from sim.records import RoundRow
from sim.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """A run at the latest round whose training is done.

    `fraction` (0-1) is of the run's rounds, None where no round limit is set; `accuracy` is the
    latest score seen on any split. `trainings` and `store_hits` are this process's so far. `doing`
    says what the run is about where it is not training; `is_done`: it has ended. `warning` is a
    line about the data; nothing else has happened then.
    """

    run: str
    seed: int = 0
    sim_s: float
    round: int
    config: str
    accuracy: float | None
    fraction: float | None
    trainings: int = 0
    store_hits: int = 0
    doing: str = ""
    is_done: bool = False
    warning: str = ""


ProgressSink = Callable[[RunProgress], None]


@dataclass(slots=True)
class Monitor:
    """Joins what the engine says of rounds to what the learner says of states."""

    run: str
    seed: int
    scenario: Scenario
    tell: ProgressSink
    learner: Learner | None = None
    _rows: dict[StateRef, RoundRow] = field(default_factory=dict)
    _accuracy: float | None = None
    _sim_s: float = 0.0
    _round: int = 0

    def on_round(self, row: RoundRow) -> None:
        self._rows.setdefault(StateRef(row.state), row)

    def where(self, state: StateRef) -> str:
        """The branch and round that made a state, to begin a message; empty for others."""
        row = self._rows.get(state)
        return f"branch {row.branch}, round {row.round}: " if row else ""

    def on_learned(self, progress: Progress) -> None:
        if progress.evaluation is not None:
            self._accuracy = progress.evaluation.accuracy
        row = self._rows.get(progress.state)
        if row is None:
            return
        self._sim_s, self._round = row.t_s, row.round
        limit = self.scenario.stop.rounds
        self._tell(config=str(row.config), fraction=row.round / limit if limit else None)

    def on_fill(self, split: str, share: float) -> None:
        """The frozen encoder's activations are being computed: once for a model and data set."""
        self._tell(doing=f"encoding the {split} texts once: {share:.0%}")

    def on_warning(self, warning: str) -> None:
        """What may surprise about the task's data."""
        self._tell(warning=warning)

    def on_end(self, sim_s: float, rounds: int, accuracy: float) -> None:
        """The run is finished."""
        self._sim_s, self._round, self._accuracy = sim_s, rounds, accuracy
        self._tell(fraction=1.0, is_done=True)

    def _tell(
        self,
        *,
        config: str = "",
        fraction: float | None = None,
        doing: str = "",
        is_done: bool = False,
        warning: str = "",
    ) -> None:
        self.tell(
            RunProgress(
                run=self.run,
                seed=self.seed,
                sim_s=self._sim_s,
                round=self._round,
                config=config,
                accuracy=self._accuracy,
                fraction=fraction,
                trainings=self.learner.trainings if self.learner else 0,
                store_hits=self.learner.store_hits if self.learner else 0,
                doing=doing,
                is_done=is_done,
                warning=warning,
            )
        )
