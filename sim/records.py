"""The rows of a run's log: one frozen dataclass per kind of row, with units in the field names.

Rows are deterministic: they have no wall time, host, path or process id. `t_s` is the simulated
second at which the row was written; a run starts at 0. `config`, `base` and `state` are as in
learner.spec.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from learner.plan import Shares, Tiers
    from learner.spec import TuningConfig


AttemptStatus = Literal["done", "away", "cut"]
"""How an attempt at a stage ended: finished; interrupted by the client's absence; interrupted by
the end of the round."""

RoundStatus = Literal["done", "failed", "cut"]
"""How a round ended: aggregated; too few reports; cancelled by the end of its trial or run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """One attempt at a download or upload, with the bytes it moved. Written with `log: all`."""

    row: ClassVar[str] = "transfer"
    t_s: float
    start_s: float
    client: int
    direction: Literal["down", "up"]
    bytes: int
    status: AttemptStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeRow:
    """One attempt at local training. Written with `log: all`. `cache`: see sim.fleet.client."""

    row: ClassVar[str] = "compute"
    t_s: float
    start_s: float
    client: int
    batches: int
    cache: Literal["none", "fill", "hit"]
    status: AttemptStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DropoutRow:
    """A round lost a client: it became unavailable, or dropped out by chance (vanished).

    Written with `log: all`.
    """

    row: ClassVar[str] = "dropout"
    t_s: float
    client: int
    stage: Literal["down", "compute", "up"]
    reason: Literal["offline", "vanished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRow:
    """One client's job in one round. Written with `log: clients` and `log: all`.

    The seconds add up to the length of the round: `wait_s` while absent, to return; `down_s`,
    `compute_s`, `up_s` at work; `idle_s` after finishing; `gone_s` after the round lost the client.
    `lost_s`, `lost_bytes`, `lost_j`: work whose result was not used. `energy_j`: of work. `idle_j`:
    of waiting and being idle (None: no device of the run draws idle watts). `texts`: texts of the
    job's training steps where the client keeps activations; `cached_texts`: those whose activations
    were stored when the step began. `cache_bytes`: the size of all that the client has stored.
    `outcome`: see sim.engine.client_job. `staleness`: aggregations between the job's start and the
    use of its update. In asynchronous modes a row is one job from its start to the first
    aggregation after its end, and `idle_s` is how long the update waited for it; the client may
    have its next job by then.
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
    texts: int = 0
    cached_texts: int = 0
    wait_s: float
    down_s: float
    compute_s: float
    up_s: float
    idle_s: float
    gone_s: float
    down_bytes: int
    up_bytes: int
    energy_j: float
    idle_j: float | None = None
    lost_s: float
    lost_bytes: int
    lost_j: float
    cache_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRow:
    """One round of one branch.

    Bytes, seconds and joules are sums over its clients, lost work included; see ClientRow. `round`
    is the number of aggregations in the lineage, this one included if the round is done. `attempt`:
    how often this round had failed before. `plan`: who trains what (None: every client trains
    `config`, the state's); `parts`: what each of `clients` trained, as an index into the plan's
    parts. `reports`: the clients whose updates were aggregated;
    `ages`: their staleness (empty: 0 for all). In asynchronous modes a row is one aggregation, and
    `clients` are those whose jobs ended since the previous one, at `start_s`.
    """

    row: ClassVar[str] = "round"
    t_s: float
    start_s: float
    trial: int
    branch: str
    round: int
    attempt: int
    config: TuningConfig
    plan: Tiers | Shares | None = None
    parts: tuple[int, ...] | None = None
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
    idle_j: float | None = None
    lost_s: float
    lost_bytes: int
    lost_j: float
    status: RoundStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """Devices that lack the memory for a branch's configuration.

    By device class: the number of clients excluded, the peak bytes of training and the limit.
    `share`: the fraction (0-1) of all clients that is excluded.
    """

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
    """The decision on a trial.

    By branch: the accuracy (0-1) on the deciding split, the rounds, and the costs: clients summed
    over rounds, bytes down and up, joules, seconds of work summed over clients. Branches that an
    extension dropped have costs and no score. `chosen`: the branch that continues ("": the state
    from before the trial); the last three fields describe its lineage.
    """

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
    """The last row of a finished run: why it ended, and totals over all clients and rounds.

    `sidelined_*`: the part of them that was spent by branches that lost their trials. `idle_j`: see
    ClientRow.
    """

    row: ClassVar[str] = "end"
    t_s: float
    lineage_round: int
    reason: str
    config: TuningConfig
    state: str
    down_bytes: int
    up_bytes: int
    energy_j: float
    idle_j: float | None = None
    busy_s: float
    client_rounds: int
    sidelined_bytes: int
    sidelined_energy_j: float
    sidelined_idle_j: float | None = None
    sidelined_busy_s: float
    sidelined_client_rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRow:
    """The last row of a run that an error of the learner stopped. A resumed run overwrites it."""

    row: ClassVar[str] = "failed"
    t_s: float
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRow:
    """Scores of a state of the run's lineage on the reported split (evaluations.jsonl).

    `accuracy`, `macro_f1` are in [0, 1]; `loss` is in nats; `correct`: see learner.spec.Evaluation.
    """

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


FrequentRow = TransferRow | ComputeRow | ClientRow
"""The kinds of which a log has thousands of rows. Their fields are numbers and strings only, or
None."""

Row = (
    FrequentRow
    | DropoutRow
    | RoundRow
    | RefusalRow
    | DecisionRow
    | EndRow
    | FailedRow
    | EvaluationRow
)
