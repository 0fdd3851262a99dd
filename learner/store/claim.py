"""Claims on unfinished files, so that those of killed processes can be told from files in use.

A claim is the operating system's lock on an open file or directory (flock): it ends with its
process, however that ends. Where there is no such lock (Windows, some network file systems),
nothing counts as abandoned.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

UNFINISHED = ".tmp"
"""Suffix of files that are being written."""

FOLDER_LOCK = "lock"
"""Name of a lock file; who holds it may write unfinished files in its folder without a claim."""


@contextmanager
def claimed_file(folder: Path) -> Iterator[Path]:
    """A new, empty file, which `remove_unfinished` leaves alone during the block."""
    with _claimed(lambda: _new_file(folder)) as path:
        yield path


@contextmanager
def claimed_directory(parent: Path, prefix: str) -> Iterator[Path]:
    """A new directory, which `remove_abandoned` leaves alone during the block; then removed."""
    with _claimed(lambda: Path(tempfile.mkdtemp(dir=parent, prefix=prefix))) as path:
        try:
            yield path
        finally:
            shutil.rmtree(path)


def remove_unfinished(folder: Path) -> list[Path]:
    """Remove the unfinished files at any depth that no process writes; returns their paths."""
    removed = remove_abandoned(folder.rglob(f".*{UNFINISHED}"))
    for lock in folder.rglob(FOLDER_LOCK):
        with _held(lock, wait=False) as is_held:
            for path in lock.parent.glob(f"*{UNFINISHED}") if is_held else ():
                path.unlink(missing_ok=True)
                removed.append(path)
    return removed


def remove_drafts(folder: Path) -> list[Path]:
    """Remove the unfinished files of killed processes in a folder of the user's, not deeper.

    Files of that suffix with other names are not ours, and stay. Returns the paths.
    """
    return remove_abandoned(folder.glob(f".{'[0-9a-f]' * 32}{UNFINISHED}"))


def remove_abandoned(paths: Iterator[Path]) -> list[Path]:
    """Remove those of the files and directories that no process has claimed; returns their paths.

    Links are left alone.
    """
    removed = []
    for path in paths:
        with _held(path, wait=False) as is_held, suppress(OSError):
            if is_held:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                removed.append(path)
    return removed


@contextmanager
def _claimed(make: Callable[[], Path]) -> Iterator[Path]:
    while True:
        path = make()
        with _held(path, wait=True):
            if path.exists():  # else another process removed it before it was held
                yield path
                return


@contextmanager
def _held(path: Path, *, wait: bool) -> Iterator[bool]:
    """Lock a file or directory during the block; whether this process has the lock."""
    if sys.platform == "win32":
        yield False
        return
    import fcntl

    descriptor = -1
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        is_held = True
    except OSError:
        is_held = False
    try:
        yield is_held
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _new_file(folder: Path) -> Path:
    path = folder / f".{uuid4().hex}{UNFINISHED}"
    path.touch(exist_ok=False)
    return path
