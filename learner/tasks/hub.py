"""Read data sets of the Hugging Face hub, by the optional library `datasets`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .directory import SPLIT_NAMES
from .rows import Columns, Row, row_of
from .task import TaskKind

HUB = "hub:"

_SAVED = ("dataset_dict.json", "dataset_info.json")


def read_hub(source: str, kind: TaskKind, columns: Columns) -> dict[str, list[Row]]:
    """The splits of "hub:ID", "hub:ID:CONFIG", or of a directory: a copy of a hub's one, or one
    that `save_to_disk` wrote. "hub:ID@REVISION" names a commit, tag or branch. Training comes
    first.

    Raises ValueError if the library is not installed or the data set cannot be loaded.
    """
    try:
        import datasets
    except ModuleNotFoundError:
        raise ValueError(
            f"task.source {source}: needs the extra hub: pip install 'fedadapter-sim[hub]'"
        ) from None
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # our message says it in one line
    name, _, config = source.removeprefix(HUB).partition(":")
    try:
        directory = Path(name).expanduser()
        if any((directory / file).is_file() for file in _SAVED):
            found = datasets.load_from_disk(str(directory))
        elif directory.is_dir():
            found = datasets.load_dataset(str(directory), config or None)
        else:
            name, _, revision = name.partition("@")
            found = datasets.load_dataset(name, config or None, revision=revision or None)
    except Exception as error:  # its own types, those of requests, OSError
        reason = (str(error).strip().splitlines() or ["no message"])[0][:200]
        raise ValueError(f"task.source {source}: cannot be loaded ({reason})") from None
    if not isinstance(found, Mapping) or "train" not in found:
        raise ValueError(f"task.source {source}: must have a split called train")
    return {
        name: list(rows_of_split(found[split], kind, columns, f"{source}: {split}"))
        for name, split in names_of_splits(found, source).items()
    }


def names_of_splits(found: Collection[str], source: str) -> dict[str, str]:
    """What the data set calls each split that it has."""
    held = {name: [o for o in SPLIT_NAMES[name] if o in found] for name in SPLIT_NAMES}
    for name, splits in held.items():
        if len(splits) > 1:
            raise ValueError(
                f"task.source {source}: must have one {name} split, has {' and '.join(splits)}; "
                "save the data set without the others"
            )
    return {name: splits[0] for name, splits in held.items() if splits}


def rows_of_split(part: Any, kind: TaskKind, columns: Columns, where: str) -> Iterator[Row]:
    """The rows of a split; numbers of a ClassLabel column are replaced by the names."""
    feature = part.features.get(columns.label)
    names = getattr(getattr(feature, "feature", feature), "names", None)
    for number, record in enumerate(part, start=1):
        at = f"{where} row {number}"
        label = record.get(columns.label)
        if names is not None and label is not None:
            many = isinstance(label, list)
            label = [_named(o, names, at) for o in label] if many else _named(label, names, at)
        yield row_of({**record, columns.label: label}, kind, columns, at)


def _named(label: object, names: Sequence[str], where: str) -> str:
    if not isinstance(label, int) or not 0 <= label < len(names):
        got = "null" if label is None else label
        raise ValueError(
            f"{where}: the label {got} is none of the {len(names)} names: the split's labels are "
            "hidden; use a split with labels, or save the data set without this one"
        )
    return names[label]
