"""The sequence of aggregations behind a model, on simulated time."""

from __future__ import annotations

from dataclasses import dataclass, field

from learner.spec import StateRef, TuningConfig
from sim.selection import ClientHistory


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the accuracy curve: the state after `round` aggregations, at `t_s`."""

    t_s: float
    round: int
    config: TuningConfig
    state: StateRef


@dataclass(slots=True)
class Lineage:
    """The current state, what selection policies remember of its clients, and the curve's points.

    `round` counts the aggregations since the run's start.
    """

    config: TuningConfig
    state: StateRef
    history: ClientHistory
    round: int = 0
    points: list[Point] = field(default_factory=list)

    def mark(self, t_s: float) -> None:
        """Add the current state to the curve, once."""
        if not self.points or self.points[-1].round != self.round:
            self.points.append(Point(t_s, self.round, self.config, self.state))
