"""Random changes to plain data that keep its structure: mappings, lists, numbers and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

_DEEP: list[Any] = []
for _ in range(60):
    _DEEP = [_DEEP]

TWO_LINES = "a\nb"

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 8, 16, 100, 0.5, -0.5, 1.5, 1e-9, 1e308, -1e308),
    *(10**6, 10**9, 10**12, 10**30, -(10**30), float("nan"), float("inf"), -0.0, 5e-324),
    *("", "x", "0", "1", "on", "½", "a b", TWO_LINES, "\x1b[31m", "=1+1", "$\\input{x}$", ".."),
    *("\0", "x" * 300, "/dev/zero", ".", "/", "no:Such", "1e999", "{}", "\ud800", "\u202e"),
    *([], {}, [[]], [None], [1, 1], ["a", "a"], {"x": {}}, {"kind": "x"}, {"": 1}, _DEEP),
)
"""Values of a wrong type, at a limit, or that a careless reader would run, expand or print."""


def pick(rng: np.random.Generator, items: Sequence[Any]) -> Any:
    return items[int(rng.integers(len(items)))]


def changed(
    root: Mapping[str, Any], rng: np.random.Generator, known: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """A copy with one to four changes. known: values of the same keys in other inputs."""
    tree = [deepcopy(dict(root))]
    for _ in range(int(rng.integers(1, 5))):
        holder, key = _somewhere(tree, rng)
        _change(holder, key, rng, known, is_root=holder is tree)
    top: dict[str, Any] = tree[0] if isinstance(tree[0], dict) else {"value": tree[0]}
    return top


def _somewhere(tree: list[Any], rng: np.random.Generator) -> tuple[Any, Any]:
    """A container of the tree and one of its keys."""
    holder, key = tree, 0
    while isinstance(holder[key], (list, dict)) and holder[key] and rng.random() < 0.85:
        holder = holder[key]
        key = pick(rng, list(holder) if isinstance(holder, dict) else range(len(holder)))
    return holder, key


def _change(
    holder: Any,
    key: Any,
    rng: np.random.Generator,
    known: Mapping[str, Sequence[Any]],
    *,
    is_root: bool,
) -> None:
    """Give a place of the tree another value, remove it, repeat it or add to it."""
    way = rng.random()
    if way < 0.35 and str(key) in known:
        holder[key] = deepcopy(pick(rng, known[str(key)]))
    elif way < 0.5 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
        holder[key] = holder[key] * pick(rng, (0, -1, 0.5, 2, 10, 1000, 1e6, 1e12, 1e-9))
    elif way < 0.6 and not is_root:
        del holder[key]
    elif way < 0.7 and isinstance(holder, dict) and known:
        added = pick(rng, list(known))
        holder[added] = deepcopy(pick(rng, known[added]))
    elif way < 0.8 and isinstance(holder, list) and not is_root:
        holder.insert(int(rng.integers(len(holder) + 1)), deepcopy(holder[key]))
    elif way < 0.85 and isinstance(holder, dict):
        holder[pick(rng, ("x", "", "kind", "1", "a.b", str(key) + "s"))] = holder.pop(key)
    else:
        holder[key] = deepcopy(pick(rng, ODD))


def values_by_key(trees: Sequence[Any]) -> dict[str, list[Any]]:
    """Every value of the trees, by its own key."""
    found: dict[str, list[Any]] = {}
    for tree in trees:
        if isinstance(tree, dict):
            for key, value in tree.items():
                if value not in found.setdefault(str(key), []):
                    found[str(key)].append(value)
        if isinstance(tree, dict | list):
            below = values_by_key(list(tree.values() if isinstance(tree, dict) else tree))
            for key, values in below.items():
                own = found.setdefault(key, [])
                own.extend(value for value in values if value not in own)
    return found
