"""How far a run has come, for displays. Told of what happens; nothing flows back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from learner.spec import StateRef
from learner.stored import Progress

from .records import RoundRow
from .scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """A run at the latest round whose training is done.

    `fraction` (0-1) is of the run's rounds, None where no round limit is set; `accuracy` is the
    latest score seen on any split. `doing` says what the run is about where it is not training.
    """

    run: str
    sim_s: float
    round: int
    config: str
    accuracy: float | None
    fraction: float | None
    doing: str = ""


ProgressSink = Callable[[RunProgress], None]


@dataclass(slots=True)
class Monitor:
    """Joins what the engine says of rounds to what the learner says of states."""

    run: str
    scenario: Scenario
    tell: ProgressSink
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
        self.tell(
            RunProgress(
                run=self.run,
                sim_s=row.t_s,
                round=row.round,
                config=str(row.config),
                accuracy=self._accuracy,
                fraction=row.round / limit if limit else None,
            )
        )

    def on_fill(self, split: str, share: float) -> None:
        """The frozen encoder's activations are being computed: once for a model and data set."""
        self.tell(
            RunProgress(
                run=self.run,
                sim_s=self._sim_s,
                round=self._round,
                config="",
                accuracy=self._accuracy,
                fraction=None,
                doing=f"encoding the {split} texts once: {share:.0%}",
            )
        )
