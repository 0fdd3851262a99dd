"""The `partition` part of a scenario: how training examples are distributed over the clients.

`part(labels, owners, seed)` returns each client's example indices. `owners`: for each example the
name of its client, where the data have one. In tagging, a sentence's label is its most frequent
entity type. The algorithms are in learner.tasks.partition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from learner.ranges import require, require_above_0, require_at_least
from learner.tasks import partition
from learner.tasks.partition import Indices, Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Iid:
    """Examples in random order, in equal parts."""

    kind: Literal["iid"]
    clients: int

    def __post_init__(self) -> None:
        require_at_least(1, clients=self.clients)

    def part(self, labels: Indices, owners: Sequence[str], seed: int) -> Parts:
        return partition.iid(len(labels), n_clients=self.clients, seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _DirichletShares:
    kind: Literal["dirichlet", "quantity"]
    clients: int
    alpha: float
    min_samples: int = 1

    def __post_init__(self) -> None:
        require_at_least(1, clients=self.clients, min_samples=self.min_samples)
        require_above_0(alpha=self.alpha)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dirichlet(_DirichletShares):
    """Label skew: the examples of each label are split over the clients by a Dirichlet(alpha) draw.

    A client with fewer than `min_samples` examples gets some from the clients with the most.
    """

    kind: Literal["dirichlet"]

    def part(self, labels: Indices, owners: Sequence[str], seed: int) -> Parts:
        return partition.dirichlet(
            labels,
            n_clients=self.clients,
            alpha=self.alpha,
            seed=seed,
            min_samples=self.min_samples,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity(_DirichletShares):
    """Quantity skew: the numbers of examples per client follow a Dirichlet(alpha) draw; which ones
    a client gets is random. `min_samples`: see Dirichlet."""

    kind: Literal["quantity"]

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
    """Label skew: the examples are sorted by label and cut into equal shards; every client gets
    `shards_per_client` of them, and so about as many labels. `min_samples`: see Dirichlet."""

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
    """The clients of the data, named in the column `task.client`.

    `clients` of those with at least `min_samples` examples are drawn; the others are left out.
    """

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
