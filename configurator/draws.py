"""Draws that are functions of a seed and of what they are about."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

Item = TypeVar("Item")


def uniform(seed: int, *about: int | str) -> float:
    """A number in [0, 1), always the same for the same arguments."""
    text = "\0".join(map(str, (seed, *about)))
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest()) / 2**56


def sample(items: Sequence[Item], n: int, seed: int, about: str) -> list[Item]:
    """n different items (all, if there are fewer), in their own order."""
    drawn = sorted(range(len(items)), key=lambda i: (uniform(seed, about, i), i))
    return [items[i] for i in sorted(drawn[:n])]
