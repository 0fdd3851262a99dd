"""Partition the training examples among clients: iid, Dirichlet, quantity, shards, natural.

A part is the ascending indices of one client's examples. Every kind except `natural` assigns each
example to exactly one client. All random draws depend only on `seed`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from heapq import heapify, heappop, heappush, heapreplace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from learner.spec import Shard

Indices = NDArray[np.int64]
Parts = tuple[Indices, ...]


def iid(n_examples: int, *, n_clients: int, seed: int) -> Parts:
    """Shuffle and cut into equal parts; sizes differ by at most one. Raises ValueError."""
    _require_counts(n_examples, n_clients, min_samples=1)
    shuffled = np.random.default_rng(seed).permutation(n_examples).astype(np.int64)
    return tuple(np.sort(part) for part in np.array_split(shuffled, n_clients))


def dirichlet(
    labels: Indices, *, n_clients: int, alpha: float, seed: int, min_samples: int = 1
) -> Parts:
    """Label skew: divide each label's examples by shares p ~ Dirichlet(alpha, ..., alpha).

    The smaller alpha is, the fewer labels a client has. This is the label-wise form of Hsu et al.,
    2019 (arXiv 1909.06335), as in FedNLP (arXiv 2104.08815). Then, in id order, a client with less
    than `min_samples` gets the last examples of the client with the most (among equals the lowest
    id). Raises ValueError for bad counts or alpha.
    """
    _require_counts(len(labels), n_clients, min_samples)
    _require_alpha(alpha)
    generator = np.random.default_rng(seed)
    examples, owners = [], []
    for label in np.unique(labels):
        examples.append(generator.permutation(np.flatnonzero(labels == label)))
        shares = generator.dirichlet(np.full(n_clients, alpha))
        owners.append(_owners_by_shares(len(examples[-1]), shares))
    held = _held_by(np.concatenate(owners), np.concatenate(examples), n_clients)
    return _sorted(_topped_up(held, min_samples))


def quantity(
    n_examples: int, *, n_clients: int, alpha: float, seed: int, min_samples: int = 1
) -> Parts:
    """Quantity skew: divide the shuffled examples by shares p ~ Dirichlet(alpha, ..., alpha).

    As in NIID-Bench (Li et al., 2022, arXiv 2102.02079); `min_samples` as in `dirichlet`.
    Raises ValueError for bad counts or alpha.
    """
    _require_counts(n_examples, n_clients, min_samples)
    _require_alpha(alpha)
    generator = np.random.default_rng(seed)
    examples = generator.permutation(n_examples)
    shares = generator.dirichlet(np.full(n_clients, alpha))
    held = _held_by(_owners_by_shares(n_examples, shares), examples, n_clients)
    return _sorted(_topped_up(held, min_samples))


def label_shards(
    labels: Indices, *, n_clients: int, per_client: int, seed: int, min_samples: int = 1
) -> Parts:
    """Label shards: sort by label, cut into equal shards, give each client `per_client` of them.

    A client has about `per_client` labels (McMahan et al., 2017). `min_samples` as in `dirichlet`.
    Raises ValueError for bad counts.
    """
    _require_counts(len(labels), n_clients, min_samples)
    n_shards = n_clients * per_client
    if not per_client >= 1 or n_shards > len(labels):
        raise ValueError(
            f"shards_per_client x clients must be 1 to {len(labels)} (one training example per "
            f"shard), got {per_client} x {n_clients}"
        )
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(labels))
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    dealt = np.array_split(by_label, n_shards)
    hands = generator.permutation(n_shards).reshape(n_clients, per_client)
    held = [[int(i) for shard in hand for i in dealt[shard]] for hand in hands]
    return _sorted(_topped_up(held, min_samples))


def natural(owners: Sequence[str], *, n_clients: int, seed: int, min_samples: int = 1) -> Parts:
    """Natural partition: each client has the examples of one owner named in the data set.

    Draws `n_clients` owners among those with at least `min_samples` examples; the examples of all
    other owners are not used. Client ids follow the sorted owner names. Raises ValueError if there
    are fewer such owners than clients.
    """
    held: dict[str, list[int]] = {}
    for example, owner in enumerate(owners):
        held.setdefault(owner, []).append(example)
    able = sorted(owner for owner, examples in held.items() if len(examples) >= min_samples)
    if not 1 <= n_clients <= len(able):
        raise ValueError(
            f"clients must be 1 to {len(able)} (the number of owners with at least {min_samples} "
            f"training examples), got {n_clients}"
        )
    drawn = np.sort(np.random.default_rng(seed).permutation(len(able))[:n_clients])
    return _sorted([held[able[i]] for i in drawn])


def shards(parts: Sequence[Indices]) -> tuple[Shard, ...]:
    """The Shard of each part: client ids count from 0, digests identify the ordered indices."""
    return tuple(
        Shard(client_id=client, n_samples=len(indices), digest=_digest(indices))
        for client, indices in enumerate(parts)
    )


def class_counts(parts: Sequence[Indices], classes: Indices, n_classes: int) -> Indices:
    """(clients, classes): the number of examples of each class that each client has."""
    return np.stack([np.bincount(classes[part], minlength=n_classes) for part in parts])


def _owners_by_shares(n_examples: int, shares: NDArray[np.float64]) -> Indices:
    """(n_examples,) the client of each example if the clients take their shares in id order."""
    cuts = np.rint(np.cumsum(shares)[:-1] * n_examples).astype(np.int64)
    counts = np.diff(cuts, prepend=0, append=n_examples)
    return np.repeat(np.arange(len(shares)), counts)


def _held_by(owners: Indices, examples: Indices, n_clients: int) -> list[list[int]]:
    """The examples of each client, in the order given; `owners` has the client of each."""
    ends = np.cumsum(np.bincount(owners, minlength=n_clients)).tolist()
    ordered = examples[np.argsort(owners, kind="stable")].tolist()
    return [ordered[start:end] for start, end in pairwise([0, *ends])]


def _topped_up(held: list[list[int]], min_samples: int) -> list[list[int]]:
    """Move examples from the largest clients to those with less than `min_samples`.

    The heap has an entry (-size, client) for each size that a client has had; those of sizes that
    it does not have any more are dropped when they come up.
    """
    if min(map(len, held)) >= min_samples:
        return held
    largest = [(-len(indices), client) for client, indices in enumerate(held)]
    heapify(largest)
    for client, indices in enumerate(held):
        while len(indices) < min_samples:
            while -largest[0][0] != len(held[largest[0][1]]):
                heappop(largest)
            giver = largest[0][1]
            indices.append(held[giver].pop())
            heapreplace(largest, (-len(held[giver]), giver))
            heappush(largest, (-len(indices), client))
    return held


def _sorted(held: Sequence[Sequence[int]]) -> Parts:
    return tuple(np.array(sorted(indices), dtype=np.int64) for indices in held)


def _require_counts(n_examples: int, n_clients: int, min_samples: int) -> None:
    most = n_examples // max(min_samples, 1)
    if min_samples < 1:
        raise ValueError(f"min_samples must be at least 1, got {min_samples}")
    if not 1 <= n_clients <= most:
        each = "one training example" if min_samples == 1 else f"{min_samples} training examples"
        raise ValueError(f"clients must be 1 to {most} ({each} each), got {n_clients}")


def _require_alpha(alpha: float) -> None:
    if not (math.isfinite(alpha) and alpha > 0):
        raise ValueError(f"alpha must be a finite number above 0, got {alpha}")


def _digest(indices: Indices) -> str:
    return blake2b(indices.astype("<i8").tobytes(), digest_size=16).hexdigest()
