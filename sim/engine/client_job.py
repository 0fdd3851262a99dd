"""What one client spent on one round: every second in exactly one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from sim.cost.table import CacheState
from sim.fleet.client import Client
from sim.fleet.shared_link import Flow

from .dispatcher import Order
from .lineage import Lineage
from .plan import GONE, IDLE, UP, Ending, Stretch, Task

Outcome = Literal["open", "done", "late", "lost", "cut"]
"""How a job ends: its update was used; came too late or was one too many; was lost with the client;
was cancelled with its round. `open` while it runs."""


NO_DROPOUT = 3
"""A dropout stage behind the last."""


class Bill:
    """One client's job and account in one round.

    `stretches` is what it does, planned ahead until `ending` (None: it is over); `stage` how many
    stages were finished at its end. Once closed, seconds: by place; amounts: bytes moved and
    full-speed seconds computed, by stage, lost ones included; wasted: seconds and amounts that had
    to be spent again (None: none were).

    It starts from the lineage's state `base`, which had seen `version` aggregations, and is the
    client's `repeat`-th of that version (0: the first). `staleness`: aggregations missed when its
    update was used.
    """

    __slots__ = (
        "amounts",
        "answer",
        "base",
        "cache",
        "client",
        "drop_at",
        "ending",
        "flow",
        "order",
        "outcome",
        "repeat",
        "seconds",
        "stage",
        "staleness",
        "start_s",
        "stretches",
        "task",
        "version",
        "wasted",
        "work_factor",
    )

    def __init__(
        self,
        client: Client,
        start_s: float,
        lineage: Lineage,
        *,
        repeat: int = 0,
        work_factor: float = 1.0,
        drop_at: float = NO_DROPOUT,
    ) -> None:
        """`drop_at`: where the client vanishes, 0-3 stages into its work (3: not at all)."""
        self.client = client
        self.base, self.version = lineage.state, lineage.round
        self.repeat, self.staleness = repeat, 0
        self.start_s = start_s
        self.work_factor = work_factor
        self.drop_at = drop_at
        self.stage = 0
        self.stretches: list[Stretch] = []
        self.seconds = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        self.amounts = [0.0, 0.0, 0.0]
        self.wasted: tuple[list[float], list[float]] | None = None
        self.outcome: Outcome = "open"
        self.cache: CacheState = "none"
        self.ending: Ending | None = None
        self.flow: Flow | None = None
        self.order: Order
        self.task: Task
        self.answer: Callable[[Bill], None]

    def close(self, now_s: float) -> None:
        """The round is over: book every second from its start until now."""
        seconds, amounts, end_s = self.seconds, self.amounts, self.start_s
        for place, start_s, end_s, amount, status in self.stretches:
            seconds[place] += end_s - start_s
            if place <= UP:
                amounts[place] += amount
                if status == "away" and self.task.when_offline == "restart":
                    self._waste(place, end_s - start_s, amount)
        seconds[IDLE if self.stage > UP else GONE] += now_s - end_s

    def _waste(self, stage: int, attempt_s: float, amount: float) -> None:
        """The attempt was in vain."""
        if self.wasted is None:
            self.wasted = ([0.0] * 3, [0.0] * 3)
        self.wasted[0][stage] += attempt_s
        self.wasted[1][stage] += amount
