"""One branch of a trial while it runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from .allocation import Share
from .lineage import Lineage
from .totals import Totals


@dataclass(slots=True)
class RunningBranch:
    """A branch with its own lineage, its share of the clients, and what its rounds have cost.

    `is_alone`: no other branch beside it in its trial. `is_certain`: it is sure to continue after
    its trial, since there is nothing to decide. `end_s`: the nominal end of its window or of the
    run (inf: neither), from which on no round begins. `is_in_round`: a round is under way. `stuck`:
    why the branch cannot continue ("": it can).
    """

    name: str
    trial_no: int
    lineage: Lineage
    share: Share
    is_alone: bool
    is_certain: bool
    end_s: float = math.inf
    is_in_round: bool = False
    stuck: str = ""
    totals: Totals = field(default_factory=Totals)

    @property
    def why_nobody_comes(self) -> str:
        if not len(self.share.pool):
            return f"no device has the memory for {self.lineage.plan}"
        return "too few clients will ever be available again"
