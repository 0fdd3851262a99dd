"""What all client processes of a run share: the clock, the rule for absences, where to write."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from simpy import Environment

from sim.runlog import RowFile
from sim.scenario.fleet import WhenOffline


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`when_offline`: what becomes of work that an absence interrupts. `rows` takes a row for every
    attempt at a stage (None: no such rows are wanted). `most_in_vain`: a stage of which absences
    have undone so many attempts, one after another, never finishes. `stalled` names, by client, the
    stage that never finishes, for the message of a simulation in which nothing happens any more.
    """

    env: Environment
    when_offline: WhenOffline = "drop"
    rows: RowFile | None = None
    most_in_vain: float = math.inf
    stalled: dict[int, str] = field(default_factory=dict)
