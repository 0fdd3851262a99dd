"""What one client spent on one round: every second in exactly one place."""

from __future__ import annotations

from typing import Any, Literal

from .client import Client
from .cost import CacheState

DOWN, COMPUTE, UP, WAIT, IDLE, GONE = range(6)
"""Where a client's seconds go: its three stages of work; away and coming back (WAIT); finished
before the round was (IDLE); lost to the round before it ended (GONE)."""

Outcome = Literal["open", "done", "late", "lost", "cut"]
"""How a job ends: its update was used; came too late or was one too many; was lost with the client;
was cancelled with its round. `open` while it runs."""


class Bill:
    """One client's account in one round; `turn` closes one stretch of time and opens the next.

    amounts: bytes moved and full-speed seconds computed, by stage, lost ones included.
    wasted: of the same, what was done in vain because it had to be begun again; seconds beside it.
    """

    __slots__ = (
        "amounts",
        "attempt",
        "cache",
        "client",
        "drop_at",
        "outcome",
        "process",
        "seconds",
        "since_s",
        "stage",
        "start_s",
        "wasted",
        "wasted_s",
        "work_factor",
    )

    def __init__(
        self, client: Client, start_s: float, work_factor: float = 1.0, drop_at: float = 3.0
    ) -> None:
        """`drop_at`: where the client vanishes, 0-3 stages into its work (3: not at all)."""
        self.client = client
        self.start_s = self.since_s = start_s
        self.work_factor = work_factor
        self.drop_at = drop_at
        self.stage = DOWN
        self.seconds = [0.0] * 6
        self.amounts = [0.0] * 3
        self.wasted = [0.0] * 3
        self.wasted_s = [0.0] * 3
        self.outcome: Outcome = "open"
        self.cache: CacheState = "none"
        self.attempt: Any = None
        self.process: Any = None

    def turn(self, stage: int, now_s: float) -> None:
        """Book the seconds since the last turn, and begin another stage."""
        self.seconds[self.stage] += now_s - self.since_s
        self.stage, self.since_s = stage, now_s
