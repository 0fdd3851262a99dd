"""Read data sets of the Hugging Face hub, by the optional library `datasets`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .rows import Columns, Row, row_of
from .task import TaskKind

HUB = "hub:"

_SPLITS = {"train": "train", "validation": "validation", "dev": "validation", "test": "test"}


def read_hub(source: str, kind: TaskKind, columns: Columns) -> dict[str, list[Row]]:
    """The splits of "hub:ID", "hub:ID:CONFIG", or of a directory that `save_to_disk` wrote.

    Raises ValueError if the library is not installed or the data set cannot be loaded.
    """
    try:
        import datasets
    except ModuleNotFoundError:
        raise ValueError(
            f"task.source {source}: needs the extra hub: pip install 'fedadapter-sim[hub]'"
        ) from None
    name, _, config = source.removeprefix(HUB).partition(":")
    try:
        if Path(name).expanduser().is_dir():
            found = datasets.load_from_disk(str(Path(name).expanduser()))
        else:
            found = datasets.load_dataset(name, config or None)
    except Exception as error:  # its own types, those of requests, OSError
        reason = (str(error).strip().splitlines() or ["no message"])[0][:200]
        raise ValueError(f"task.source {source}: cannot be loaded ({reason})") from None
    if not isinstance(found, Mapping) or "train" not in found:
        raise ValueError(f"task.source {source}: must have a split called train")
    return {
        _SPLITS[split]: list(_rows(part, kind, columns, f"{source}: {split}"))
        for split, part in found.items()
        if split in _SPLITS
    }


def _rows(part: Any, kind: TaskKind, columns: Columns, where: str) -> Iterator[Row]:
    """The rows of a split; numbers of a ClassLabel column are replaced by the names."""
    feature = part.features.get(columns.label)
    names = getattr(getattr(feature, "feature", feature), "names", None)
    for number, record in enumerate(part, start=1):
        label = record.get(columns.label)
        if names is not None:
            many = isinstance(label, list)
            label = [names[one] for one in label] if many else names[label]
        yield row_of({**record, columns.label: label}, kind, columns, f"{where} row {number}")
