"""The rows of a run's log: one flat frozen dataclass a kind, units in the field names.

Rows are deterministic: no wall time, host, path or process id. `t_s` is the simulated instant of
writing, from 0. Configurations and references are as in learner.spec.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

if TYPE_CHECKING:
    from learner.spec import TuningConfig


AttemptStatus = Literal["done", "away", "cut"]
"""How a stretch of work ended: finished, broken off by the client's absence or by its round."""

RoundStatus = Literal["done", "failed", "cut"]
"""Aggregated; too few reports; cancelled by the end of its trial or run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """One attempt of a client's download or upload (log: all), with the bytes it moved."""

    row: ClassVar[str] = "transfer"
    t_s: float
    start_s: float
    client: int
    direction: Literal["down", "up"]
    bytes: int
    status: AttemptStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeRow:
    """One attempt of a client's local training (log: all); `cache`: what stored activations did."""

    row: ClassVar[str] = "compute"
    t_s: float
    start_s: float
    client: int
    batches: int
    cache: Literal["none", "fill", "hit"]
    status: AttemptStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DropoutRow:
    """A client was lost to its round (log: all): it went away, or vanished by chance."""

    row: ClassVar[str] = "dropout"
    t_s: float
    client: int
    stage: Literal["down", "compute", "up"]
    reason: Literal["offline", "vanished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRow:
    """One client's round (log: clients and all). wait + down + compute + up + idle + gone seconds
    are the round's length.

    `wait_s`: away, to come back; `idle_s`: finished before its round; `gone_s`: lost before it
    ended. `lost_s`, `lost_bytes`, `lost_j`: of the work, what nothing came of. `cache_bytes`: what
    its stored activations take. `outcome` as in sim.engine.client_job. `staleness`: aggregations
    between its start and its update's use. Without synchronous rounds a row is of one job, from
    its start to the aggregation after its end, and `idle_s` is how long its update waited for
    that; the client itself may be at work again.
    """

    row: ClassVar[str] = "client"
    t_s: float
    start_s: float
    client: int
    trial: int
    branch: str
    round: int
    outcome: Literal["open", "done", "late", "lost", "cut"]
    staleness: int = 0
    cache: Literal["none", "fill", "hit"]
    wait_s: float
    down_s: float
    compute_s: float
    up_s: float
    idle_s: float
    gone_s: float
    down_bytes: int
    up_bytes: int
    energy_j: float
    lost_s: float
    lost_bytes: int
    lost_j: float
    cache_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRow:
    """One round of one branch. Bytes, seconds and joules are sums over its clients, lost work
    included, named as in ClientRow; `round` counts the lineage's aggregations and is the base's in
    a round that was not `done`. `reports`: the clients whose updates were aggregated. `attempt`:
    how often this round had failed before. `ages`: of each report, its client's `staleness` (empty:
    all 0). Without synchronous rounds a row is an aggregation: its
    clients are those whose jobs ended since the one before, which was at `start_s`."""

    row: ClassVar[str] = "round"
    t_s: float
    start_s: float
    trial: int
    branch: str
    round: int
    attempt: int
    config: TuningConfig
    clients: tuple[int, ...]
    reports: tuple[int, ...]
    ages: tuple[int, ...] = ()
    base: str
    state: str
    down_bytes: int
    up_bytes: int
    wait_s: float
    down_s: float
    compute_s: float
    up_s: float
    idle_s: float
    gone_s: float
    energy_j: float
    lost_s: float
    lost_bytes: int
    lost_j: float
    status: RoundStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """A branch's configuration does not fit some devices: by device class the clients refused, the
    peak bytes of training and the limit. `share`: of the whole fleet (0-1)."""

    row: ClassVar[str] = "refusal"
    t_s: float
    trial: int
    branch: str
    config: TuningConfig
    refused_clients: Mapping[str, int]
    needed_bytes: Mapping[str, int]
    limit_bytes: Mapping[str, int]
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """The verdict on a trial: each branch's deciding accuracy and rounds, what it spent (clients
    called up, summed over rounds; bytes down and up; joules; seconds of work, summed over clients),
    and what goes on. Branches that an extension gave up have costs and no score."""

    row: ClassVar[str] = "decision"
    t_s: float
    trial: int
    scores: Mapping[str, float]
    rounds: Mapping[str, int]
    spent_client_rounds: Mapping[str, int]
    spent_bytes: Mapping[str, int]
    spent_j: Mapping[str, float]
    spent_s: Mapping[str, float]
    chosen: str
    config: TuningConfig
    lineage_round: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRow:
    """The run's last row: totals over all clients, and of these what branches cost that lost their
    trials (sidelined_*). Names as in DecisionRow."""

    row: ClassVar[str] = "end"
    t_s: float
    lineage_round: int
    reason: str
    config: TuningConfig
    state: str
    down_bytes: int
    up_bytes: int
    energy_j: float
    busy_s: float
    client_rounds: int
    sidelined_bytes: int
    sidelined_energy_j: float
    sidelined_busy_s: float
    sidelined_client_rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRow:
    """The learner could not give an answer; a later run of the same directory replaces this row."""

    row: ClassVar[str] = "failed"
    t_s: float
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRow:
    """A point of the lineage that counts (evaluations.jsonl); `correct` is a hex bitmap."""

    row: ClassVar[str] = "evaluation"
    t_s: float
    round: int
    trial: int
    config: TuningConfig
    state: str
    split: str
    accuracy: float
    macro_f1: float
    loss: float
    n_examples: int
    correct: str


Row = (
    TransferRow
    | ComputeRow
    | DropoutRow
    | ClientRow
    | RoundRow
    | RefusalRow
    | DecisionRow
    | EndRow
    | FailedRow
    | EvaluationRow
)


ManyRow = ClientRow | TransferRow | ComputeRow
"""Rows that come by the thousand: of numbers and texts alone."""


def as_json(row: Row) -> str:
    """The row as one line of JSON, keys in field order, floats as repr (shortest exact form)."""
    values = as_fields(row)
    if isinstance(row, ManyRow):
        return as_line(type(row), values)
    return _ENCODER.encode({"row": row.row} | values)


def as_line(kind: type[ManyRow], values: dict[str, Any]) -> str:
    """As as_json, of a row's fields by name: neither the row nor a JSON encoder, which would take
    three times as long. Texts in `values` are quoted in place."""
    template, texts = _form(cast(Any, kind))
    for name in texts:
        values[name] = _quoted(values[name])
    return template % values


@cache
def _form(kind: Any) -> tuple[str, tuple[str, ...]]:
    """How rows of a kind are written: a template, and which of its fields are texts."""
    types = {f.name: str(f.type) for f in fields(kind)}
    texts = tuple(name for name, type_ in types.items() if type_ not in ("int", "float"))
    slots = (f'"{name}":%({name}){"s" if name in texts else "r"}' for name in types)
    return f'{{"row":"{kind.row}",{",".join(slots)}}}', texts


_quoted = cache(json.dumps)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def as_fields(value: Any) -> dict[str, Any]:
    """A flat dataclass, such as a tuning configuration, as a mapping in field order."""
    kind: Any = type(value)
    return {name: getattr(value, name) for name in _names(kind)}


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=as_fields)
