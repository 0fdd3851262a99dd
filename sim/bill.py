"""What one client spent on one round: every second in exactly one place."""

from __future__ import annotations

from typing import Literal

from simpy import Process

from .client import Client
from .cost import CacheState
from .device import Device
from .link import OneWay
from .shared_link import Flow

DOWN, COMPUTE, UP, WAIT, IDLE, GONE = range(6)
"""Where a client's seconds go: its three stages of work; away and coming back (WAIT); finished
before the round was (IDLE); lost to the round before it ended (GONE)."""

Outcome = Literal["open", "done", "late", "lost", "cut"]
"""How a job ends: its update was used; came too late or was one too many; was lost with the client;
was cancelled with its round. `open` while it runs."""


NO_DROPOUT = 3
"""A dropout stage behind the last."""


class Bill:
    """One client's account in one round; `turn` closes one stretch of time and opens the next.

    seconds: by place. amounts: bytes moved and full-speed seconds computed, by stage, lost ones
    included. wasted: seconds and amounts that had to be spent again (None: none were).
    attempt: what the work under way goes on.
    """

    __slots__ = (
        "amounts",
        "attempt",
        "cache",
        "client",
        "drop_share",
        "drop_stage",
        "outcome",
        "process",
        "seconds",
        "since_s",
        "stage",
        "wasted",
        "work_factor",
    )

    def __init__(
        self, client: Client, start_s: float, work_factor: float = 1.0, drop_at: float = NO_DROPOUT
    ) -> None:
        """`drop_at`: where the client vanishes, 0-3 stages into its work (3: not at all)."""
        self.client = client
        self.since_s = start_s
        self.work_factor = work_factor
        self.drop_stage = int(drop_at)
        self.drop_share = drop_at - self.drop_stage
        self.stage = DOWN
        self.seconds = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        self.amounts = [0.0, 0.0, 0.0]
        self.wasted: tuple[list[float], list[float]] | None = None
        self.outcome: Outcome = "open"
        self.cache: CacheState = "none"
        self.attempt: OneWay | Device | Flow
        self.process: Process

    def turn(self, stage: int, now_s: float) -> None:
        """Book the seconds since the last turn, and begin another stage."""
        self.seconds[self.stage] += now_s - self.since_s
        self.stage, self.since_s = stage, now_s

    def waste(self, amount: float, now_s: float) -> None:
        """The attempt that ends now was in vain."""
        if self.wasted is None:
            self.wasted = ([0.0] * 3, [0.0] * 3)
        seconds, amounts = self.wasted
        seconds[self.stage] += now_s - self.since_s
        amounts[self.stage] += amount
