"""Python lists directories in another order than the file system: backwards or mixed (LIST_ORDER).

tests.faults.matrix puts this folder on the path, so that every process begins with it.
"""

import os
from collections.abc import Iterator
from hashlib import sha256
from types import TracebackType
from typing import Any

_listdir, _scandir = os.listdir, os.scandir


def _ordered(entries: list[Any], name_of: Any) -> list[Any]:
    """Backwards by name, or by the hash of the name."""
    if os.environ["LIST_ORDER"] == "mixed":
        return sorted(entries, key=lambda entry: sha256(os.fsencode(name_of(entry))).digest())
    return sorted(entries, key=name_of, reverse=True)


class _Entries:
    """What os.scandir returns: an iterator, and a context."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries: Iterator[Any] = iter(entries)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> "_Entries":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """All entries have been read."""


def _other_listdir(path: Any = ".") -> list[Any]:
    return _ordered(_listdir(path), lambda name: name)


def _other_scandir(path: Any = ".") -> _Entries:
    with _scandir(path) as entries:
        return _Entries(_ordered(list(entries), lambda entry: entry.name))


if "LIST_ORDER" in os.environ:
    os.listdir, os.scandir = _other_listdir, _other_scandir  # type: ignore[assignment]
