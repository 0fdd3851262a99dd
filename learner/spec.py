"""What is trained, by whom and under which rule: the values every layer speaks in.

Imports the standard library alone, so that policies, the engine and the analysis can
name training without loading it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NewType, Protocol, overload

StateRef = NewType("StateRef", str)
"""The name of a state: the hex digest of the recipe that makes it. Never the tensors."""

LrDecay = Literal["constant", "linear", "cosine"]
"""How a learning rate falls to 0 over its horizon (learner.training.schedules)."""

Bits = Literal[32, 8, 4]
"""Bits a parameter in which states and changes are sent."""

UNIT_WIDTH = 8
"""Neurons of one bottleneck unit; wider adapters are serial stacks of these, as in the paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """Serial bottleneck adapters in the top `depth` layers, `width` neurons each in all.

    Depth 0 trains the classifier head alone; its width then only says where widening starts.
    """

    kind: Literal["adapter"] = "adapter"
    depth: int
    width: int

    def __post_init__(self) -> None:
        _require_depth(self.depth)
        if self.width < UNIT_WIDTH or self.width % UNIT_WIDTH:
            raise ValueError(f"width must be a positive multiple of {UNIT_WIDTH}, got {self.width}")

    def __str__(self) -> str:
        return f"({self.depth}, {self.width})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """Low-rank updates (alpha / rank) B A of the query and value projections in the top `depth`
    layers (Hu et al., 2022). Depth 0 trains the classifier head alone.

    Growth keeps alpha / rank, or what has been learnt would be rescaled.
    """

    kind: Literal["lora"] = "lora"
    depth: int
    rank: int
    alpha: float = 16.0

    def __post_init__(self) -> None:
        _require_depth(self.depth)
        if self.rank < 1:
            raise ValueError(f"rank must be at least 1, got {self.rank}")
        if not self.alpha > 0:
            raise ValueError(f"alpha must be above 0, got {self.alpha}")

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    def with_rank(self, rank: int) -> Lora:
        """The configuration of another rank at the same scale."""
        if rank == self.rank:
            return self  # alpha x rank / rank may round
        return Lora(depth=self.depth, rank=rank, alpha=self.alpha * rank / self.rank)

    def __str__(self) -> str:
        return f"LoRA ({self.depth}, {self.rank})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Fine-tune the top `depth` layers themselves; everything below is frozen."""

    kind: Literal["freeze"] = "freeze"
    depth: int

    def __post_init__(self) -> None:
        _require_depth(self.depth)

    def __str__(self) -> str:
        return f"top {self.depth}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """Fine-tune every parameter of the backbone."""

    kind: Literal["full"] = "full"

    def __str__(self) -> str:
        return "full"


AddOn = Adapter | Lora
"""Kinds that leave the encoder's own weights alone and train something beside them."""

TuningConfig = AddOn | Freeze | Full
"""What is trained and exchanged. The classifier head always is."""


def as_config(fields: Mapping[str, Any]) -> TuningConfig:
    """The configuration that a run's rows hold as its fields, `kind` among them.

    >>> as_config({"kind": "lora", "depth": 2, "rank": 8, "alpha": 16.0})
    Lora(kind='lora', depth=2, rank=8, alpha=16.0)
    """
    kinds = {"adapter": Adapter, "lora": Lora, "freeze": Freeze, "full": Full}
    config: TuningConfig = kinds[fields["kind"]](**fields)
    return config


NewWeights = Literal["published", "identity"]
"""How new adapter units start: all weights from N(0, 0.02), as in the paper, or with a zero
up-projection, so that they change nothing until they are trained (as Houlsby et al., 2019, nearly
do). LoRA's products always start without effect."""


def _require_depth(depth: int) -> None:
    if depth < 0:
        raise ValueError(f"depth must be at least 0, got {depth}")


def tuned_depth(config: TuningConfig, n_layers: int) -> int:
    """Number of top layers through which the config back-propagates (0 = head only)."""
    return n_layers if isinstance(config, Full) else config.depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One client's training examples, by name: `digest` stands for the ordered example ids."""

    client_id: int
    n_samples: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalJob:
    """One client's work in one round. The optimiser starts fresh in each job.

    The job passes over the shard in the order of a permutation keyed by `seed`, in batches of
    `batch_size` (the last of an epoch may be smaller), for `n_batches` steps in all. `lr` and
    `head_lr` are those of its first step and fall by `lr_decay` over the job's own steps.
    `momentum` is sgd's. `weight_decay` is decoupled for adamw and added to the gradient for sgd.
    `max_grad_norm` clips the norm of the client's whole gradient (None: no clipping). `prox_mu`
    weighs FedProx's proximal term, mu / 2 x squared distance to the received state. The client
    receives its base in `down_bits` and sends its change in `up_bits`.
    """

    shard: Shard
    config: TuningConfig
    n_batches: int
    batch_size: int
    optimizer: Literal["adamw", "sgd"]
    lr: float
    head_lr: float
    seed: int
    momentum: float = 0.0
    weight_decay: float = 0.0
    max_grad_norm: float | None = None
    prox_mu: float = 0.0
    lr_decay: LrDecay = "constant"
    down_bits: Bits = 32
    up_bits: Bits = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A LocalJob done from a base state. `weight`: its samples; `discount`: its staleness factor,
    above 0 and at most 1, fixed when it is aggregated (1: nothing was aggregated meanwhile)."""

    job: LocalJob
    base: StateRef
    weight: float
    discount: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundUpdates(Sequence[Update]):
    """The updates of one aggregation, in client-id order, each made when it is looked at.

    All train one configuration, all start from one base unless `bases` says where each did, and
    `discounts` are theirs (empty: all 1). A time-only learner reads the columns and never makes a
    job: naming a hundred jobs would take longer than simulating them.
    """

    base: StateRef
    config: TuningConfig
    shards: Sequence[Shard]
    n_batches: Sequence[int]
    batch_size: int
    make: Callable[[int], Update]
    bases: Sequence[StateRef] = ()
    discounts: Sequence[float] = ()

    def __len__(self) -> int:
        return len(self.shards)

    @overload
    def __getitem__(self, index: int) -> Update: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Update]: ...
    def __getitem__(self, index: int | slice) -> Update | Sequence[Update]:
        if isinstance(index, slice):
            return [self.make(i) for i in range(len(self))[index]]
        return self.make(range(len(self))[index])


@dataclass(frozen=True, slots=True, kw_only=True)
class FedAvg:
    """The server's state moves by the weighted mean of the clients' changes.

    Where all clients start from that state it is the weighted mean of their models (FedAvg: McMahan
    et al., 2017); otherwise FedBuff's sum (Nguyen et al., 2022), which there weighs clients alike.
    """

    kind: Literal["fedavg"] = "fedavg"


@dataclass(frozen=True, slots=True, kw_only=True)
class FedAvgM:
    """Server momentum: m <- momentum m + change; state <- state + lr m (FedAvgM: Hsu et al., 2019).
    `lr` and `momentum` have no unit."""

    kind: Literal["fedavgm"]
    lr: float = 1.0
    momentum: float = 0.9

    def __post_init__(self) -> None:
        _require_above_0(lr=self.lr)
        _require_decay(momentum=self.momentum)


@dataclass(frozen=True, slots=True, kw_only=True)
class FedAdam:
    """Adam on the server (Reddi et al., 2021, algorithm 2): without bias correction, `tau` added to
    the root of the second moment. Both moments begin at 0, where the published experiments begin
    them too (google-research/federated, optimization/README.md)."""

    kind: Literal["fedadam"]
    lr: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.99
    tau: float = 1e-3

    def __post_init__(self) -> None:
        _require_above_0(lr=self.lr, tau=self.tau)
        _require_decay(beta1=self.beta1, beta2=self.beta2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """state <- (1 - alpha s) state + alpha s model, with s an update's discount (FedAsync: Xie et
    al., 2019). Several updates are first averaged."""

    kind: Literal["mix"]
    alpha: float = 0.6

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha <= 1.0:
            raise ValueError(f"alpha must be above 0 and at most 1, got {self.alpha}")


AggregationRule = FedAvg | FedAvgM | FedAdam | Mix


def _require_above_0(**values: float) -> None:
    for name, value in values.items():
        if value <= 0:
            raise ValueError(f"{name} must be above 0, got {value}")


def _require_decay(**values: float) -> None:
    for name, value in values.items():
        if not 0.0 <= value < 1.0:
            raise ValueError(f"{name} must be at least 0 and below 1, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Scores of a state on a split. `correct` is the hex bitmap of correct examples, first one
    in the highest bit."""

    accuracy: float
    macro_f1: float
    loss: float
    n_examples: int
    correct: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A client's training loss over the examples of its job, each as it was met: the mean and the
    root of the mean square (nats)."""

    mean_loss: float
    rms_loss: float


class Learner(Protocol):
    """Names states and, asked for numbers, makes them. Pure in its arguments; knows no time."""

    def initial(self, config: TuningConfig, seed: int) -> StateRef: ...

    def adapt(self, state: StateRef, config: TuningConfig, seed: int) -> StateRef:
        """Deepen or widen with every old weight kept; an equal config gives the same StateRef."""
        ...

    def aggregate(
        self, state: StateRef, updates: Sequence[Update], rule: AggregationRule
    ) -> StateRef: ...

    def evaluate(self, states: Sequence[StateRef], split: str) -> list[Evaluation]:
        """Score the states on a split ("validation" or "test"), in order. Forces work."""
        ...

    def feedback(self, updates: Sequence[Update]) -> list[Feedback]:
        """What the clients of one aggregation tell of their training, in order. Forces work."""
        ...

    @property
    def trainings(self) -> int:
        """LocalJobs executed in this process so far."""
        ...

    @property
    def store_hits(self) -> int:
        """States and evaluations that were found instead of made."""
        ...
