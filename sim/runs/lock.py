"""Locks a directory, so that no two processes write the same run or study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sim.runlog import RunError, write_atomically

from .provenance import this_process

_OWNER = ".lock-owner"


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Create the directory if necessary, and lock it. Raises RunError if another process has.

    The operating system releases the lock when the process ends, however it ends.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / ".lock", timeout=0.0)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(
            f"{directory}: is in use by {_owner(directory)}; wait until it has ended"
        ) from None
    record = directory / _OWNER
    try:
        write_atomically(record, this_process())
        yield
    finally:
        record.unlink(missing_ok=True)
        lock.release()


def _owner(directory: Path) -> str:
    """The process that has the lock, if it has written its name already."""
    try:
        return (directory / _OWNER).read_text(encoding="utf-8")
    except FileNotFoundError:
        return "another process"
