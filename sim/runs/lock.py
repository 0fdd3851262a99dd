"""Holding a directory alone, so that no two processes write one run or one study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sim.runlog import RunError, write_atomically

from .provenance import this_process

_HOLDER = ".holder"


@contextmanager
def held(directory: Path, waiting_s: float = 0.0) -> Iterator[None]:
    """Make the directory and hold it alone. Raises RunError, naming the process that does.

    The lock is the kernel's and ends with its process: what a killed one left behind holds nobody
    up. `waiting_s`: how long to wait for one that is about to end.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / ".lock", timeout=waiting_s)
    try:
        lock.acquire()
    except Timeout:
        holder = _holder(directory)
        raise RunError(f"{directory}: is being run by {holder}; wait for its end") from None
    record = directory / _HOLDER
    try:
        write_atomically(record, this_process())
        yield
    finally:
        record.unlink(missing_ok=True)
        lock.release()


def _holder(directory: Path) -> str:
    """Which process and host, if it has written that already."""
    try:
        return (directory / _HOLDER).read_text(encoding="utf-8")
    except FileNotFoundError:
        return "another process"
