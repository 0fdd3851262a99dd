"""What determines the numbers of a run: frozen values, checked where they are made.

Reading them from YAML is sim.scenario.file; the policies' own values live with the policies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from configurator import Configuration, Schedule
from learner.spec import AggregationRule, Bits, FedAvg
from sim.selection import Selection, Uniform

from .fleet import ByKind, Fleet
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
from .validation import require, require_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCost:
    """Published seconds a batch. `scale: flops` carries the table to the scenario's own model.

    `payload: published` uses the paper's rounded parameter counts, `exact` the model's own.
    `latency_scale` multiplies the seconds (the paper uses 0.25 for 64 tokens).
    """

    kind: Literal["table"] = "table"
    payload: Literal["published", "exact"] = "exact"
    scale: Literal["flops", "none"] = "flops"
    latency_scale: float = 1.0

    def __post_init__(self) -> None:
        require(self.latency_scale > 0, f"latency_scale must be above 0, got {self.latency_scale}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticCost:
    """Seconds from the model's own operations at rates calibrated on published rows
    (docs/cost-model.md). Bytes are the model's own."""

    kind: Literal["analytic"]
    calibrate: Literal["bert-base/jetson-tx2"] = "bert-base/jetson-tx2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """The clients' activation caches. `price_misses: false` is the paper's: misses are free.

    A shard's activations take samples x tokens x hidden x 4 bytes; a client for which that is more
    than `limit_mbytes` (10^6 bytes; null: no limit) keeps none. A fill also waits for its bytes to
    be written at `write_mbytes_per_s` (null: in no time).
    """

    enabled: bool = True
    price_misses: bool = True
    limit_mbytes: float | None = None
    write_mbytes_per_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("limit_mbytes", "write_mbytes_per_s"):
            value = getattr(self, name)
            require(value is None or value > 0, f"{name} must be above 0 or null, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Bits a parameter (32, 8 or 4) of the state on the way down and of the change on the way up,
    quantised in training as in the bytes; and whether a client's first download in the run also
    brings the whole base model, at 32 bits."""

    down_bits: Bits = 32
    up_bits: Bits = 32
    deliver_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How clients' work becomes aggregations; a trial's branches share the `participants`.

    sync: ceil(participants x `overcommit`) clients are asked; the round ends with the first
    `participants` reports, when all asked have reported or are lost, or `deadline_s` seconds
    after it began (null: never). With fewer than `min_reports` reports it has failed. A failed
    round is held again with clients drawn anew (retry), or counts as a round that changes nothing
    (abandon); `max_failures` in a row end the run. It also begins with fewer clients than asked
    for, if fewer are available, but not with fewer than `min_reports`. A branch of a trial needs
    its share of them, rounded up.

    async, buffered: `participants` clients are at work at any time; the server aggregates each
    update as it comes (async) or `buffer` of them (buffered), and a round is an aggregation. An
    update counts by `staleness`: what is left of it after the aggregations that it missed.
    `max_failures` lost clients in a row end the run.
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
        require(
            self.deadline_s is None or self.deadline_s > 0,
            f"deadline_s must be above 0 or null, got {self.deadline_s}",
        )
        require(
            1 <= self.min_reports <= self.participants,
            f"min_reports must be between 1 and participants, got {self.min_reports}",
        )
        require_at_least(1, max_failures=self.max_failures)
        if self.mode == "buffered":
            require(
                self.buffer is not None and self.buffer >= 1,
                f"buffer must be at least 1 for mode buffered, got {self.buffer}",
            )
        else:
            require(
                self.buffer is None,
                f"buffer must be null for mode {self.mode}, got {self.buffer}",
            )
        if self.mode == "sync":
            return
        for name, value in (("overcommit", 1.0), ("deadline_s", None), ("min_reports", 1)):
            own = getattr(self, name)
            require(own == value, f"{name} is of mode sync alone, got {own} in mode {self.mode}")

    def n_needed(self, n_participants: int) -> int:
        """The least reports of a round with so many of the participants (1 to all of them)."""
        return -(-self.min_reports * n_participants // self.participants)

    @property
    def n_buffered(self) -> int:
        """Updates that an asynchronous server waits for."""
        return self.buffer or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationPlan:
    """Which split decides, which is reported, and every how many rounds a point is wanted."""

    every_rounds: int = 4
    decide_on: Literal["validation", "test"] = "validation"
    report_on: Literal["validation", "test"] = "test"

    def __post_init__(self) -> None:
        require(self.every_rounds >= 1, f"every_rounds must be at least 1, got {self.every_rounds}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The run ends at the first of these; a target is read on the deciding split."""

    sim_s: float | None = None
    rounds: int | None = None
    target_accuracy: float | None = None

    def __post_init__(self) -> None:
        require(self.sim_s is None or self.sim_s > 0, f"sim_s must be above 0, got {self.sim_s}")
        require(
            self.rounds is None or self.rounds >= 1, f"rounds must be at least 1, got {self.rounds}"
        )
        target = self.target_accuracy
        require(
            target is None or 0 < target <= 1,
            f"target_accuracy must be in (0, 1], got {target}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything that determines a run's numbers, but for the seed."""

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
    configurator: Annotated[Configuration, ByKind]
    evaluation: EvaluationPlan = field(default_factory=EvaluationPlan)
    stop: Stop = field(default_factory=Stop)
    log: Literal["rounds", "clients", "all"] = "rounds"

    def __post_init__(self) -> None:
        clients, participants = self.partition.clients, self.rounds.participants
        require(
            participants <= clients,
            f"rounds.participants must be at most partition.clients ({clients}), "
            f"got {participants}",
        )
        most_branches = getattr(self.configurator, "most_branches", 1)
        require(
            participants >= most_branches,
            f"rounds.participants must be at least {most_branches} for {self.configurator.kind} "
            f"trials (one for each branch), got {participants}",
        )
        require(
            self.stop.rounds is not None
            or self.stop.sim_s is not None
            or isinstance(self.configurator, Schedule),
            "stop must set rounds or sim_s (a schedule alone ends by itself)",
        )
        require(
            isinstance(self.task, DataTask) or isinstance(self.learner, CurveTraining),
            "learner.kind must be curve for a synthetic task, got torch",
        )
