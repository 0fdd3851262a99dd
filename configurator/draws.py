"""Random draws as hashes of a seed and keys, so that policies need no random state."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

Item = TypeVar("Item")


def uniform(seed: int, *keys: int | str) -> float:
    """A number in [0, 1), always the same for the same arguments."""
    text = "\0".join(map(str, (seed, *keys)))
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest()) / 2**56


def sample(items: Sequence[Item], n: int, seed: int, key: str) -> list[Item]:
    """n items drawn without replacement, or all if there are fewer; in their given order."""
    drawn = sorted(range(len(items)), key=lambda i: (uniform(seed, key, i), i))
    return [items[i] for i in sorted(drawn[:n])]
