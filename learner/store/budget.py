"""Room on the disk for what can be made again: the least recently used files go first.

Of the cache directory these are the stored states and the frozen encoder's activations. What
cannot be made again for nothing (evaluations, feedback; models and data) is never touched.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from .atomic_file import write_atomically
from .checksum import hash_path

DEFAULT_LIMIT_BYTES = 8 * 2**30

_LIMIT = "limit.json"
_LEAVE = 0.9
"""Share of the limit that an eviction leaves: a full store is not scanned at every write."""


class Budget:
    """At most `limit_bytes` of tensor files below the folders.

    Any number of processes may keep the same budget: each sees the others' writes at its next
    scan, so that the limit is held loosely while they write.
    """

    def __init__(self, folders: Sequence[Path], limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._folders = folders
        self._used_bytes: int | None = None

    def keep(self, written: Path) -> None:
        """Count a file that was just written, and make room if need be; it is the last to go."""
        if self._used_bytes is not None:
            self._used_bytes += _usage(written)[1]
        if self._used_bytes is None or self._used_bytes > self.limit_bytes:
            self.shrink(self.limit_bytes, last=written)

    def shrink(self, to_bytes: int, last: Path | None = None) -> tuple[int, int]:
        """If the files take more, remove the least recently used until they take a tenth less.

        Returns how many files and bytes went.
        """
        files = {path: _usage(path) for path in self._files()}
        used_bytes = sum(size_bytes for _, size_bytes in files.values())
        before, n_removed = used_bytes, 0
        goal = used_bytes if used_bytes <= to_bytes else _LEAVE * to_bytes
        for path in sorted(files, key=lambda path: (path == last, files[path], path)):
            if used_bytes <= goal or (path == last and used_bytes <= to_bytes):
                break
            _remove(path)
            used_bytes -= files[path][1]
            n_removed += 1
        self._used_bytes = used_bytes
        return n_removed, before - used_bytes

    def _files(self) -> Iterator[Path]:
        for folder in self._folders:
            yield from folder.rglob("*.safetensors")
            yield from folder.rglob("*.npy")


def cache_budget(cache_dir: Path) -> Budget:
    """The budget of a cache directory, as `set_limit` fixed it.

    Raises ValueError for a limit file that is not its work.
    """
    folders = (states_dir(cache_dir), activations_dir(cache_dir))
    path = store_dir(cache_dir) / _LIMIT
    try:
        limit_bytes = json.loads(path.read_bytes())["limit_bytes"]
    except FileNotFoundError:
        return Budget(folders)
    except (ValueError, KeyError, TypeError):
        limit_bytes = None
    if type(limit_bytes) is not int or limit_bytes < 0:
        raise ValueError(f"{path}: limit_bytes must be a whole number from 0; set it anew")
    return Budget(folders, limit_bytes)


def set_limit(cache_dir: Path, limit_bytes: int) -> None:
    """Fix how much states and activations may take, for every process that uses the cache."""
    text = json.dumps({"limit_bytes": limit_bytes}) + "\n"
    write_atomically(
        store_dir(cache_dir) / _LIMIT, lambda path: path.write_text(text, encoding="ascii")
    )


def store_dir(cache_dir: Path) -> Path:
    return cache_dir / "store"


def states_dir(cache_dir: Path) -> Path:
    return store_dir(cache_dir) / "states"


def activations_dir(cache_dir: Path) -> Path:
    return cache_dir / "activations"


def mark_used(path: Path) -> None:
    """A use counts for what goes last. Raises FileNotFoundError if the file is gone already."""
    os.utime(path)


def _remove(path: Path) -> None:
    """A file that another process has open as a map stays readable to it until it is closed;
    where the system forbids the removal, the file stays."""
    with suppress(PermissionError):
        path.unlink(missing_ok=True)
        hash_path(path).unlink(missing_ok=True)


def _usage(path: Path) -> tuple[int, int]:
    """Time of last use (ns) and size (bytes); zeros if another process removed the file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
