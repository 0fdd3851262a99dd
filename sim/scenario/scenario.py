"""The class Scenario, and its parts on costs, rounds, exchange, evaluation and the end of the run.

Each class checks its values in `__post_init__`. sim.scenario.file reads them from YAML. Policies
(`configurator`, `selection`) are defined in packages of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

from configurator import Configuration, Schedule
from learner.aggregation_rule import AggregationRule, FedAvg
from learner.ranges import require, require_above_0, require_above_0_or_null, require_at_least
from learner.spec import Bits
from sim.selection import Selection, Uniform

from .fleet import ByKind, Fleet
from .own import Own
from .partition import Partition
from .staleness import ConstantStaleness, Staleness
from .task import (
    CurveTraining,
    DataTask,
    Model,
    SyntheticTask,
    TaggingTask,
    TextTask,
    TorchTraining,
    Training,
)

StatedModel = Literal["bert-base", "distilbert-base"]
"""A model with published seconds, as which another one can be timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCost:
    """Training time from the published table of seconds per batch (sim.cost.table).

    `scale`: multiply the seconds by the FLOPs of the scenario's model over those of the table's
    model (flops), or use them as they are (none). `payload`: bytes by the paper's rounded parameter
    counts (published) or by the model's own (exact). `latency_scale`: a factor on the seconds (the
    paper uses 0.25 for 64 tokens). `timed_as`: seconds, bytes, memory and `scale` are those of this
    model, with the same share of its layers tuned (null: of the scenario's own model).
    """

    kind: Literal["table"] = "table"
    payload: Literal["published", "exact"] = "exact"
    scale: Literal["flops", "none"] = "flops"
    latency_scale: float = 1.0
    timed_as: StatedModel | None = None

    def __post_init__(self) -> None:
        require_above_0(latency_scale=self.latency_scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticCost:
    """Training time from the model's floating-point operations, at rates fitted to the published
    seconds (docs/cost-model.md). Bytes are by the model's own parameter counts. `timed_as`: see
    TableCost."""

    kind: Literal["analytic"]
    calibrate: Literal["bert-base/jetson-tx2"] = "bert-base/jetson-tx2"
    timed_as: StatedModel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """The clients' activation caches.

    A shard's activations take samples x tokens x hidden x 4 bytes. A client whose activations
    exceed `limit_mbytes` (10^6 bytes; null: no limit) has no cache. `price_misses`: whether a
    text whose activations are not stored takes a full forward pass; false is what the artifact
    assumes. `write_mbytes_per_s`: rate of writing them (null: no time).
    """

    enabled: bool = True
    price_misses: bool = True
    limit_mbytes: float | None = None
    write_mbytes_per_s: float | None = None

    def __post_init__(self) -> None:
        require_above_0_or_null(
            limit_mbytes=self.limit_mbytes, write_mbytes_per_s=self.write_mbytes_per_s
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Bits per parameter (32, 8 or 4) of the downloaded state and of the uploaded change.

    They determine both the bytes and the quantisation in training. `deliver_model`: a client's
    first download in the run includes the base model, at 32 bits.
    """

    down_bits: Bits = 32
    up_bits: Bits = 32
    deliver_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How the server collects and aggregates updates. The branches of a trial share `participants`.

    sync: ceil(participants x `overcommit`) clients are selected, or as many as are available, but
    at least `min_reports`. The round ends with the first `participants` reports, when every client
    has reported or is lost, or after `deadline_s` seconds (null: no deadline). With fewer than
    `min_reports` reports it has failed: it is repeated with a new cohort (retry), or counted as a
    round without change (abandon). `max_failures` failures in a row end the run, and as many
    cohorts in a row for which the selection policy leaves out too many available clients. A branch
    of a trial needs its share of `min_reports`, rounded up.

    async, buffered: `participants` clients are at work at any time. The server aggregates every
    single update (async) or every `buffer` updates (buffered); a round is one aggregation. Each
    update is weighted by the `staleness` function. `max_failures` lost clients in a row end the
    run.
    """

    mode: Literal["sync", "async", "buffered"] = "sync"
    participants: int = 15
    buffer: int | None = None
    staleness: Annotated[Staleness, ByKind] = field(default_factory=ConstantStaleness)
    overcommit: float = 1.0
    deadline_s: float | None = None
    min_reports: int = 1
    on_failure: Literal["retry", "abandon"] = "retry"
    max_failures: int = 100

    def __post_init__(self) -> None:
        require_at_least(1, participants=self.participants, overcommit=self.overcommit)
        require_above_0_or_null(deadline_s=self.deadline_s)
        require(
            1 <= self.min_reports <= self.participants,
            f"min_reports must be between 1 and participants, got {self.min_reports}",
        )
        require_at_least(1, max_failures=self.max_failures)
        if self.mode == "buffered":
            holds, rule = self.buffer is not None and self.buffer >= 1, "at least 1"
        else:
            holds, rule = self.buffer is None, "null"
        require(holds, f"buffer must be {rule} for mode {self.mode}, got {self.buffer}")
        if self.mode == "sync":
            return
        for name, value in (("overcommit", 1.0), ("deadline_s", None), ("min_reports", 1)):
            own = getattr(self, name)
            require(own == value, f"{name} must not be set in mode {self.mode}, got {own}")

    def n_selected(self, n_participants: int) -> int:
        """The clients that a round with `n_participants` of the participants asks, if it can."""
        return math.ceil(n_participants * self.overcommit - 1e-9)

    def n_needed(self, n_participants: int) -> int:
        """The reports that a round with `n_participants` of the participants needs at least."""
        return -(-self.min_reports * n_participants // self.participants)

    @property
    def n_buffered(self) -> int:
        """Number of updates that an asynchronous server aggregates at once."""
        return self.buffer or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationPlan:
    """Which states are scored, and on which split.

    Decisions and the target read `decide_on`. Every `every_rounds` rounds, and at the end of each
    trial, a state is scored on `report_on`.
    """

    every_rounds: int = 4
    decide_on: Literal["validation", "test"] = "validation"
    report_on: Literal["validation", "test"] = "test"

    def __post_init__(self) -> None:
        require_at_least(1, every_rounds=self.every_rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The run ends at the first of: `sim_s` simulated seconds; `rounds` aggregations in the
    lineage; `target_accuracy` (0-1) on the deciding split. null: no such limit."""

    sim_s: float | None = None
    rounds: int | None = None
    target_accuracy: float | None = None

    def __post_init__(self) -> None:
        if self.sim_s is not None:
            require_above_0(sim_s=self.sim_s)
        if self.rounds is not None:
            require_at_least(1, rounds=self.rounds)
        target = self.target_accuracy
        require(
            target is None or 0 < target <= 1,
            f"target_accuracy must be in (0, 1], got {target}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything that determines the numbers of a run, except the seed."""

    name: str
    model: Model = field(default_factory=Model)
    task: Annotated[TextTask | TaggingTask | SyntheticTask, ByKind]
    partition: Annotated[Partition, ByKind]
    learner: Annotated[TorchTraining | CurveTraining, ByKind] = field(default_factory=TorchTraining)
    training: Training = field(default_factory=Training)
    fleet: Fleet
    cost: Annotated[TableCost | AnalyticCost, ByKind] = field(default_factory=TableCost)
    cache: Cache = field(default_factory=Cache)
    rounds: Rounds = field(default_factory=Rounds)
    selection: Annotated[Selection, ByKind] = field(default_factory=Uniform)
    exchange: Exchange = field(default_factory=Exchange)
    aggregation: Annotated[AggregationRule, ByKind] = field(default_factory=FedAvg)
    configurator: Annotated[Configuration | Own, ByKind]
    evaluation: EvaluationPlan = field(default_factory=EvaluationPlan)
    stop: Stop = field(default_factory=Stop)
    log: Literal["rounds", "clients", "all"] = "rounds"

    def __repr__(self) -> str:
        return (
            f"Scenario({self.name!r}, model {self.model.source}, task {self.task.kind}, "
            f"{self.partition.clients} clients, configurator {self.configurator.kind})"
        )

    def __post_init__(self) -> None:
        require(
            self.name.isprintable() and len(self.name) <= 1000,
            f"name must be one line of at most 1,000 printable characters, got {self.name!r:.80}",
        )
        clients, participants = self.partition.clients, self.rounds.participants
        require(
            participants <= clients,
            f"rounds.participants must be at most partition.clients ({clients}), "
            f"got {participants}",
        )
        max_branches = getattr(self.configurator, "max_branches", 1)
        require(
            participants >= max_branches,
            f"rounds.participants must be at least {max_branches} for {self.configurator.kind} "
            f"trials (one for each branch), got {participants}",
        )
        require(
            self.stop.rounds is not None
            or self.stop.sim_s is not None
            or isinstance(self.configurator, Schedule | Own),
            "stop must set rounds or sim_s; only a schedule ends by itself",
        )
        require(
            isinstance(self.task, DataTask) or isinstance(self.learner, CurveTraining),
            "learner.kind must be curve for a synthetic task, got torch",
        )
