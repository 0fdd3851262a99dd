"""A model's history on simulated time."""

from __future__ import annotations

from dataclasses import dataclass, field

from learner.spec import StateRef, TuningConfig
from sim.selection import History


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of a lineage: the state that stood after `round` aggregations at `t_s`."""

    t_s: float
    round: int
    config: TuningConfig
    state: StateRef


@dataclass(slots=True)
class Lineage:
    """Where a model stands, what its clients have shown, and the points that the figures want."""

    config: TuningConfig
    state: StateRef
    history: History
    round: int = 0
    points: list[Point] = field(default_factory=list)

    def mark(self, t_s: float) -> None:
        """Want a point here, once."""
        if not self.points or self.points[-1].round != self.round:
            self.points.append(Point(t_s, self.round, self.config, self.state))
