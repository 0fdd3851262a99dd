"""One branch at work."""

from __future__ import annotations

from dataclasses import dataclass, field

from .allocation import Share
from .lineage import Lineage
from .participation import Process
from .simulation import World
from .timing import take_time
from .totals import Totals


@dataclass(slots=True)
class Growth:
    """A branch: its own lineage, its share of the clients, what it has cost.

    `is_alone`: no other branch beside it in its trial. `is_over`: its window has ended, no round
    begins any more. `is_in_round`: a round is under way. `stuck` says why it cannot go on, if it
    cannot.
    """

    name: str
    lineage: Lineage
    share: Share
    is_alone: bool
    is_over: bool = False
    is_in_round: bool = False
    stuck: str = ""
    totals: Totals = field(default_factory=Totals)

    @property
    def why_nobody_comes(self) -> str:
        if not len(self.share.pool):
            return f"no device has the memory for {self.lineage.config}"
        return "too few clients will ever be available again"


def is_at_target(world: World, growth: Growth) -> Process:
    """Mark a point where one is due; returns whether the whole run has its target there."""
    lineage, scenario = growth.lineage, world.scenario
    if lineage.round % scenario.evaluation.every_rounds:
        return False
    lineage.mark(world.env.now)
    if not growth.is_alone or scenario.stop.target_accuracy is None:
        return False
    in_time = yield from take_time(world.env, scenario.fleet.server.evaluation_s)
    return not in_time or world.is_good_enough(lineage.state)
