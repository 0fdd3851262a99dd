"""Byte budget for files that can be computed again; the least recently used are removed first.

Before files are written or counted for the first time, those of killed processes are removed.

In a cache directory these are the stored states and the activations of the frozen encoder. Nothing
else is removed: not evaluations and feedback, which replays need, and not models and data.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from .atomic_file import write_atomically
from .checksum import hash_path
from .claim import remove_unfinished

DEFAULT_LIMIT_BYTES = 8 * 2**30

_LIMIT = "limit.json"
_LEAVE = 0.9
"""Share of the limit that is left after files were removed, so that not every write scans all."""


class Budget:
    """Limits the tensor files below the folders to `limit_bytes`.

    Several processes may share a budget. Each sees the others' files at its next scan, so the
    limit can be exceeded for a while. `around`: the folders in which unfinished files are looked
    for (none: those of the tensor files).
    """

    def __init__(
        self,
        folders: Sequence[Path],
        limit_bytes: int = DEFAULT_LIMIT_BYTES,
        around: Sequence[Path] = (),
    ) -> None:
        self.limit_bytes = limit_bytes
        self._folders = folders
        self._uncleared = tuple(around or folders)
        self._used_bytes: int | None = None

    def keep(self, written: Path) -> None:
        """Count a new file and, above the limit, remove others; the new one is removed last."""
        if self._used_bytes is not None:
            self._used_bytes += _usage(written)[1]
        if self._used_bytes is None or self._used_bytes > self.limit_bytes:
            self.shrink(self.limit_bytes, last=written)

    def shrink(self, to_bytes: int, last: Path | None = None) -> tuple[int, int]:
        """If the files exceed `to_bytes`, remove the least recently used down to 90 % of it.

        Returns the numbers of removed files and bytes, unfinished files not counted.
        """
        self.clear_unfinished()
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

    def used_bytes(self) -> int:
        """Size of the tensor files."""
        return sum(_usage(path)[1] for path in self._files())

    def clear_unfinished(self) -> None:
        """Remove files that killed processes left unfinished; done once, by whoever writes."""
        folders, self._uncleared = self._uncleared, ()
        for folder in folders:
            remove_unfinished(folder)

    def _files(self) -> Iterator[Path]:
        for folder in self._folders:
            yield from folder.rglob("*.safetensors")
            yield from folder.rglob("*.npy")


def cache_budget(cache_dir: Path) -> Budget:
    """The budget of a cache directory, with the limit of `set_limit` or the default.

    Raises ValueError if the limit file is not valid.
    """
    folders = (states_dir(cache_dir), activations_dir(cache_dir))
    path = store_dir(cache_dir) / _LIMIT
    try:
        limit_bytes = json.loads(path.read_bytes())["limit_bytes"]
    except FileNotFoundError:
        limit_bytes = DEFAULT_LIMIT_BYTES
    except (ValueError, KeyError, TypeError):
        limit_bytes = None
    if type(limit_bytes) is not int or limit_bytes < 0:
        rule = "limit_bytes must be a whole number of at least 0; set the limit again"
        raise ValueError(f"{path}: {rule}")
    return Budget(folders, limit_bytes, around=(store_dir(cache_dir), activations_dir(cache_dir)))


def set_limit(cache_dir: Path, limit_bytes: int) -> None:
    """Set the limit for states and activations, for all processes that use the cache directory."""
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
    """Set the time of last use to now; a file of another user keeps its time.

    Raises FileNotFoundError if the file was removed.
    """
    try:
        os.utime(path)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise


def _remove(path: Path) -> None:
    """Remove a file and its checksum file.

    A process that has mapped the file can go on reading it. On Windows, which refuses to remove
    mapped files, it stays.
    """
    with suppress(PermissionError):
        path.unlink(missing_ok=True)
        hash_path(path).unlink(missing_ok=True)


def _usage(path: Path) -> tuple[int, int]:
    """Time of last use in ns and size in bytes; zeros if another process removed the file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
