"""The sequence of aggregations behind a model, on simulated time."""

from __future__ import annotations

from dataclasses import dataclass, field

from learner.plan import TuningPlan
from learner.spec import StateRef, TuningConfig
from sim.selection import ClientHistory


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the accuracy curve: the state after `round` rounds, at `t_s`."""

    t_s: float
    round: int
    config: TuningConfig
    state: StateRef


@dataclass(slots=True)
class Lineage:
    """The current state with its configuration, who trains what of it, what selection policies
    remember of its clients, and the curve's points.

    `round` counts the rounds since the run's start, of which `n_aggregations` were not abandoned;
    `attempt` counts how often the next one has failed or been cut, so that its cohort is drawn
    anew. `made_s`: when the state was made; `aggregated_s`: when its latest aggregation was.
    `reported`: the latest state on the reported curve.
    """

    plan: TuningPlan
    config: TuningConfig
    state: StateRef
    history: ClientHistory
    round: int = 0
    n_aggregations: int = 0
    attempt: int = 0
    made_s: float = 0.0
    aggregated_s: float = 0.0
    reported: StateRef | None = None
    points: list[Point] = field(default_factory=list)

    def advance(self, state: StateRef, now_s: float) -> None:
        """The next aggregation has made this state."""
        self.state, self.made_s, self.aggregated_s = state, now_s, now_s
        self.n_aggregations += 1
        self.end_round()

    def end_round(self) -> None:
        """The next round begins, with the state as it is."""
        self.round, self.attempt = self.round + 1, 0

    def mark(self) -> None:
        """Add the current state to the curve, once, at the instant at which it was made."""
        latest = self.points[-1].state if self.points else self.reported
        if latest != self.state:
            self.points.append(Point(self.made_s, self.round, self.config, self.state))
