"""A client's part in one round while it lasts: what it has to do, what it did, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from simpy import Environment, Process

from learner.plan import Part
from learner.spec import StateRef
from sim.fleet.client import CacheState, Client
from sim.fleet.device import Device
from sim.fleet.link import OneWay
from sim.records import AttemptStatus
from sim.streams import Streams

from .context import Context
from .training_steps import TrainingSteps

DOWN, COMPUTE, UP, WAIT, IDLE, GONE = range(6)
"""Where a client's seconds in a round go: its three stages of work; absent, to return (WAIT);
finished before the round is (IDLE); lost to the round before it ends (GONE)."""

STAGES = (DOWN, COMPUTE, UP)

STAGE_NAMES: tuple[Literal["down", "compute", "up"], ...] = ("down", "compute", "up")

NO_DROPOUT = 3.0
"""A dropout point behind the last stage: the client does not drop out."""

Resource = OneWay | Device
"""What a stage of work runs on."""

Outcome = Literal["open", "done", "late", "lost", "cut"]
"""How a job ends: its update was used; it came too late or was one too many; the client was lost;
the round was cancelled. `open` while it runs."""


Interval = tuple[int, float, float, float, AttemptStatus]
"""Time spent in one place: (place, start_s, end_s, amount, status). The place is a stage, with the
amount that this attempt at it has moved, or WAIT. A plain tuple, since every job makes three."""


class ClientJob:
    """One client's job in one round.

    What it has to do: it trains `part` (the plan's part number `part_no`) for `n_batches` steps,
    from the state `base`, which had seen `version` aggregations, and is the client's `repeat`-th
    job of that version (0: the first). `amounts`: bytes down, seconds of computing at full speed,
    bytes up; `resources`: what each stage runs on. `cache`: what the client's stored activations
    do. `steps`: the training steps behind the computing, where they store activations (None: they
    store none). `dropout_stage`: the client vanishes at the end of this stage's amount, which is
    then only the part done before (3: it does not).

    What it did: `intervals` so far, without gaps; `stage` counts its finished stages, `current` is
    the latest begun. `computed_s`: useful seconds of computing so far, at full speed. `is_absent`:
    the client went offline and must return before it works on. `staleness`: aggregations missed
    when its update was used.
    """

    __slots__ = (
        "amounts",
        "base",
        "cache",
        "client",
        "client_id",
        "computed_s",
        "context",
        "current",
        "dropout_stage",
        "intervals",
        "is_absent",
        "n_batches",
        "outcome",
        "part",
        "part_no",
        "process",
        "repeat",
        "resources",
        "stage",
        "staleness",
        "start_s",
        "steps",
        "version",
    )

    def __init__(
        self,
        context: Context,
        client: Client,
        part: Part,
        part_no: int,
        n_batches: int,
        amounts: Sequence[float],
        cache: CacheState,
        steps: TrainingSteps | None,
        dropout_stage: int,
        base: StateRef,
        version: int,
        repeat: int,
    ) -> None:
        self.context, self.client = context, client
        self.client_id = client.shard.client_id
        self.part, self.part_no, self.n_batches, self.amounts = part, part_no, n_batches, amounts
        link = client.link
        self.resources: Sequence[Resource] = (link.down, client.device, link.up)
        self.cache, self.steps, self.dropout_stage = cache, steps, dropout_stage
        self.base, self.version, self.repeat = base, version, repeat
        self.start_s = context.env.now
        self.intervals: list[Interval] = []
        self.stage = self.current = self.staleness = 0
        self.computed_s = 0.0
        self.is_absent = False
        self.outcome: Outcome = "open"
        self.process: Process

    @property
    def env(self) -> Environment:
        return self.context.env


def job_seed(streams: Streams, client_id: int, version: int, repeat: int) -> int:
    """The seed of a job's training: it orders the texts (learner.batch_order)."""
    return streams.key("job", client_id, version, *((repeat,) if repeat else ()))
