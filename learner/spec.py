"""Value types shared by all packages: configurations, jobs, updates, the Learner protocol.

Needs nothing beyond the standard library, so that policies, the engine and the analysis can
describe training without loading torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NewType, Protocol, overload

from .aggregation_rule import AggregationRule
from .ranges import require, require_above_0, require_at_least

StateRef = NewType("StateRef", str)
"""The name of a state: the hex digest of its recipe (learner.graph.recipes), not the tensors."""

LrDecay = Literal["constant", "linear", "cosine"]
"""How a learning rate changes over its horizon (learner.training.schedules)."""

Bits = Literal[32, 8, 4]
"""Bits per parameter in which states and updates are sent."""

UNIT_WIDTH = 8
"""Neurons of one bottleneck unit. A wider adapter is a serial stack of units, as in the paper."""


def require_units(**widths: int) -> None:
    """Raise ValueError for the first named width that is not made of whole units."""
    for name, width in widths.items():
        is_whole = width >= UNIT_WIDTH and width % UNIT_WIDTH == 0
        require(is_whole, f"{name} must be a positive multiple of {UNIT_WIDTH}, got {width}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """Serial bottleneck adapters in the top `depth` layers, `width` neurons per layer in total.

    Depth 0 trains the classifier head only; the width then has no effect until the depth grows.
    """

    kind: Literal["adapter"] = "adapter"
    depth: int
    width: int

    def __post_init__(self) -> None:
        require_at_least(0, depth=self.depth)
        require_units(width=self.width)

    def __str__(self) -> str:
        return f"({self.depth}, {self.width})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """Low-rank updates (alpha / rank) B A of the query and value projections in the top `depth`
    layers (Hu et al., 2022). Depth 0 trains the classifier head only.

    A state can only grow to a configuration with the same alpha / rank: another factor would
    rescale the trained products.
    """

    kind: Literal["lora"] = "lora"
    depth: int
    rank: int
    alpha: float = 16.0

    def __post_init__(self) -> None:
        require_at_least(0, depth=self.depth)
        require_at_least(1, rank=self.rank)
        require_above_0(alpha=self.alpha)
        object.__setattr__(self, "alpha", float(self.alpha))  # 16 and 16.0 have one name

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    def with_rank(self, rank: int) -> Lora:
        """The configuration with another rank and the same alpha / rank."""
        if rank == self.rank:
            return self  # alpha x rank / rank could differ from alpha by rounding
        return Lora(depth=self.depth, rank=rank, alpha=self.alpha * rank / self.rank)

    def __str__(self) -> str:
        return f"LoRA ({self.depth}, {self.rank})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Fine-tune all weights of the top `depth` layers; the layers below are frozen."""

    kind: Literal["freeze"] = "freeze"
    depth: int

    def __post_init__(self) -> None:
        require_at_least(0, depth=self.depth)

    def __str__(self) -> str:
        return f"top {self.depth}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """Fine-tune every parameter of the backbone."""

    kind: Literal["full"] = "full"

    def __str__(self) -> str:
        return "full"


AddOn = Adapter | Lora
"""Configurations that add parameters and leave the encoder's own weights unchanged."""

TuningConfig = AddOn | Freeze | Full
"""What is trained and exchanged, besides the classifier head, which always is."""


def as_config(fields: Mapping[str, Any]) -> TuningConfig:
    """The configuration whose fields, including `kind`, are in `fields` (as in a run's records).

    >>> as_config({"kind": "lora", "depth": 2, "rank": 8, "alpha": 16.0})
    Lora(kind='lora', depth=2, rank=8, alpha=16.0)
    """
    kinds = {"adapter": Adapter, "lora": Lora, "freeze": Freeze, "full": Full}
    config: TuningConfig = kinds[fields["kind"]](**fields)
    return config


Runs = Literal["part", "whole"]
"""How a client trains a part of the state. "part": it downloads and runs only its part, as if the
rest did not exist. "whole": it downloads and runs the whole state, changes only its part, and sends
only that."""

NewWeights = Literal["published", "identity"]
"""Initial weights of new adapter units. "published": all from N(0, 0.02), as in the paper.
"identity": the up-projection is zero, so that a unit has no effect until it is trained (Houlsby et
al., 2019, use nearly zero). New LoRA products never have an effect at first."""


def tuned_depth(config: TuningConfig, n_layers: int) -> int:
    """Number of top layers that back-propagation reaches (0: the head only)."""
    return n_layers if isinstance(config, Full) else config.depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One client's training examples; `digest` identifies the ordered example ids."""

    client_id: int
    n_samples: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalJob:
    """One client's local training in one round, with a new optimiser state.

    Each epoch is a permutation of the shard, drawn from `seed`, in batches of `batch_size` (the
    last one may be smaller). The job ends after `n_batches` steps. `lr` and `head_lr` are the
    rates of the first step; both follow `lr_decay` over the steps of this job.

    `momentum` applies to sgd only. `weight_decay` is decoupled in adamw and added to the gradient
    in sgd. `max_grad_norm` limits the norm of the client's whole gradient (None: no limit).
    `prox_mu` is FedProx's mu: the loss gets mu / 2 x squared distance to the received state.
    The client receives its base in `down_bits` and sends its change in `up_bits` per parameter.

    `config` is what is trained. `whole` is the state's configuration if that is only a part of it
    (None: it is all), and `runs` then says what the client runs.
    """

    shard: Shard
    config: TuningConfig
    whole: TuningConfig | None = None
    runs: Runs = "part"
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

    @property
    def state_config(self) -> TuningConfig:
        """The configuration of the state that the job starts from."""
        return self.config if self.whole is None else self.whole

    @property
    def received_config(self) -> TuningConfig:
        """The configuration that the client downloads and runs."""
        return self.state_config if self.runs == "whole" else self.config


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A finished LocalJob that started from state `base`.

    `weight` is its number of samples. `discount` in (0, 1] is its staleness factor, fixed when it
    is aggregated; 1 means that the server aggregated nothing since the client started.
    """

    job: LocalJob
    base: StateRef
    weight: float
    discount: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundUpdates(Sequence[Update]):
    """The updates of one aggregation, in client-id order, stored as columns.

    Indexing creates an Update by `make`. `config` is the state's; `parts` has what each update
    trains of it (empty: all of it). `bases` and `discounts` have one value per update; empty
    `bases` means that all start from `base`, empty `discounts` means 1 for all. A time-only
    learner reads the columns and creates no Update: hashing a hundred jobs would take longer than
    simulating them.
    """

    base: StateRef
    config: TuningConfig
    shards: Sequence[Shard]
    n_batches: Sequence[int]
    batch_size: int
    make: Callable[[int], Update]
    bases: Sequence[StateRef] = ()
    discounts: Sequence[float] = ()
    parts: Sequence[TuningConfig] = ()

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
class Evaluation:
    """Scores of a state on a split; accuracy and macro-F1 are in [0, 1], the loss is in nats.

    `correct` is a bitmap in hex of the correctly answered examples, the first one in the highest
    bit.
    """

    accuracy: float
    macro_f1: float
    loss: float
    n_examples: int
    correct: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A client's training loss over all examples of its job, in nats: mean and root mean square.

    Each example counts with its loss in the step that used it.
    """

    mean_loss: float
    rms_loss: float


class Learner(Protocol):
    """Names states without training, and trains when numbers are asked for.

    Every method is a pure function of its arguments. Nothing here depends on time.
    """

    def initial(self, config: TuningConfig, seed: int) -> StateRef:
        """A new state of the configuration."""
        ...

    def adapt(self, state: StateRef, config: TuningConfig, seed: int) -> StateRef:
        """The state grown to a deeper or wider configuration; all old weights are kept.

        An equal configuration gives the same StateRef.
        """
        ...

    def restrict(self, state: StateRef, config: TuningConfig) -> StateRef:
        """The part of the state that a smaller configuration has: its top layers, its first units,
        its first ranks. An equal configuration gives the same StateRef.

        Raises ValueError if the configuration is no part of the state's.
        """
        ...

    def aggregate(
        self, state: StateRef, updates: Sequence[Update], rule: AggregationRule
    ) -> StateRef:
        """The state after one aggregation of the updates; without updates, the same state."""
        ...

    def evaluate(self, states: Sequence[StateRef], split: str) -> list[Evaluation]:
        """Scores of the states on a split ("validation" or "test"), in order. May train."""
        ...

    def example_losses(self, states: Sequence[StateRef], split: str) -> list[tuple[float, ...]]:
        """Each state's loss on every example of a split, in nats, in the order of the split; in
        tagging a sentence's mean over its words. May train."""
        ...

    def feedback(self, updates: Sequence[Update]) -> list[Feedback]:
        """The training losses of the clients of one aggregation, in order. May train."""
        ...

    @property
    def trainings(self) -> int:
        """LocalJobs trained by this learner so far."""
        ...

    @property
    def store_hits(self) -> int:
        """States, evaluations and feedback read from the store instead of computed."""
        ...
