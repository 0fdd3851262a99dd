"""A scenario's partition of the training examples; see learner.tasks.partition for each kind.

`part(labels, owners, seed)` gives each client's training examples; `owners` names whose each is,
where the data say. In tagging a sentence's label is the commonest entity type in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from learner.tasks import partition
from learner.tasks.partition import Indices, Parts

from .validation import require, require_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class Iid:
    """Equal shares of a keyed shuffle."""

    kind: Literal["iid"]
    clients: int

    def __post_init__(self) -> None:
        require_at_least(1, clients=self.clients)

    def part(self, labels: Indices, owners: Sequence[str], seed: int) -> Parts:
        return partition.iid(len(labels), n_clients=self.clients, seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirichlet:
    """Label skew: each label is split over the clients by a Dirichlet(alpha) draw. A client with
    fewer than `min_samples` examples is given some of those who have most."""

    kind: Literal["dirichlet"]
    clients: int
    alpha: float
    min_samples: int = 1

    def __post_init__(self) -> None:
        require_at_least(1, clients=self.clients, min_samples=self.min_samples)
        require(self.alpha > 0, f"alpha must be above 0, got {self.alpha}")

    def part(self, labels: Indices, owners: Sequence[str], seed: int) -> Parts:
        return partition.dirichlet(
            labels,
            n_clients=self.clients,
            alpha=self.alpha,
            seed=seed,
            min_samples=self.min_samples,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Quantity skew: the clients' shares of all examples are a Dirichlet(alpha) draw; labels are
    mixed. `min_samples` as in Dirichlet."""

    kind: Literal["quantity"]
    clients: int
    alpha: float
    min_samples: int = 1

    def __post_init__(self) -> None:
        require_at_least(1, clients=self.clients, min_samples=self.min_samples)
        require(self.alpha > 0, f"alpha must be above 0, got {self.alpha}")

    def part(self, labels: Indices, owners: Sequence[str], seed: int) -> Parts:
        return partition.quantity(
            len(labels),
            n_clients=self.clients,
            alpha=self.alpha,
            seed=seed,
            min_samples=self.min_samples,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelShards:
    """Label skew: the examples, sorted by label, are cut into equal shards, and every client is
    dealt `shards_per_client` of them: about as many labels. `min_samples` as in Dirichlet."""

    kind: Literal["shards"]
    clients: int
    shards_per_client: int = 2
    min_samples: int = 1

    def __post_init__(self) -> None:
        require_at_least(
            1,
            clients=self.clients,
            shards_per_client=self.shards_per_client,
            min_samples=self.min_samples,
        )

    def part(self, labels: Indices, owners: Sequence[str], seed: int) -> Parts:
        return partition.label_shards(
            labels,
            n_clients=self.clients,
            per_client=self.shards_per_client,
            seed=seed,
            min_samples=self.min_samples,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Natural:
    """Clients as the data have them: the column task.client names each example's. `clients` of
    those with at least `min_samples` examples are drawn; the others take no part."""

    kind: Literal["natural"]
    clients: int
    min_samples: int = 1

    def __post_init__(self) -> None:
        require_at_least(1, clients=self.clients, min_samples=self.min_samples)

    def part(self, labels: Indices, owners: Sequence[str], seed: int) -> Parts:
        require(len(owners) > 0, "kind natural needs task.client, a column that names the clients")
        return partition.natural(
            owners, n_clients=self.clients, seed=seed, min_samples=self.min_samples
        )


Partition = Iid | Dirichlet | Quantity | LabelShards | Natural
