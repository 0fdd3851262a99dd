"""Who holds which training examples: label-skewed or even partitions, and their shards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from .spec import Shard

Indices = NDArray[np.int64]


def dirichlet(
    labels: Indices, *, n_clients: int, alpha: float, seed: int
) -> tuple[NDArray[np.int64], ...]:
    """Ascending example indices of each client, every example once, with label skew.

    Each label's shuffled examples are cut at the cumulative shares p ~ Dirichlet(alpha, ...,
    alpha) over the clients (Hsu et al., 2019, arXiv 1909.06335, label-wise form): the smaller
    alpha, the fewer labels a client sees. A client left with nothing is then given the last
    example of the client that has most (the lowest id among equals), in id order, so that
    everyone can train. Raises ValueError on bad counts or alpha.
    """
    _require_counts(len(labels), n_clients)
    if not (math.isfinite(alpha) and alpha > 0):
        raise ValueError(f"alpha must be a finite number above 0, got {alpha}")
    generator = np.random.default_rng(seed)
    held: list[list[int]] = [[] for _ in range(n_clients)]
    for label in np.unique(labels):
        examples = generator.permutation(np.flatnonzero(labels == label))
        shares = generator.dirichlet(np.full(n_clients, alpha))
        cuts = np.rint(np.cumsum(shares)[:-1] * len(examples)).astype(np.int64)
        for client, part in enumerate(np.split(examples, cuts)):
            held[client].extend(part.tolist())
    _feed_the_empty(held)
    return tuple(np.array(sorted(indices), dtype=np.int64) for indices in held)


def iid(n_examples: int, *, n_clients: int, seed: int) -> tuple[NDArray[np.int64], ...]:
    """Ascending example indices of each client, shuffled evenly; sizes differ by at most one.

    Raises ValueError on bad counts.
    """
    _require_counts(n_examples, n_clients)
    shuffled = np.random.default_rng(seed).permutation(n_examples).astype(np.int64)
    return tuple(np.sort(part) for part in np.array_split(shuffled, n_clients))


def shards(parts: Sequence[Indices]) -> tuple[Shard, ...]:
    """The parts by name: client ids count from 0, digests stand for the ordered indices."""
    return tuple(
        Shard(client_id=client, n_samples=len(indices), digest=_digest(indices))
        for client, indices in enumerate(parts)
    )


def _feed_the_empty(held: list[list[int]]) -> None:
    for indices in held:
        if not indices:
            giver = max(held, key=len)
            indices.append(giver.pop())


def _require_counts(n_examples: int, n_clients: int) -> None:
    if not 1 <= n_clients <= n_examples:
        raise ValueError(
            f"clients must number 1 to {n_examples} (one training example each), got {n_clients}"
        )


def _digest(indices: Indices) -> str:
    return blake2b(indices.astype("<i8").tobytes(), digest_size=16).hexdigest()
