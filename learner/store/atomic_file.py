"""Write a file atomically: a reader finds the old content or the new, never a part of either."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from .claim import UNFINISHED, claimed_file, remove_drafts


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file, then rename it to `path` (see replacement).

    Missing parent directories are created.
    """
    with errors_naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with replacement(path) as temporary:
        write(temporary)


def write_whole(path: Path, content: bytes) -> None:
    """Write a whole file outside the store, and remove what killed processes have left beside it.

    Raises OSError as replacement does.
    """
    remove_drafts(path.parent)
    with replacement(path) as temporary:
        temporary.write_bytes(content)


def write_new(path: Path, text: str) -> None:
    """Write a new file as a whole, as UTF-8.

    Raises FileExistsError if there is one already, and OSError as replacement does: a file of which
    the disk had no room for all is not left behind.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    with replacement(path) as temporary:
        temporary.write_bytes(text.encode())


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """A temporary file in the directory of `path`, for the block to fill; then renamed to `path`.

    The file has the permissions of any new file (0666 less the umask), also where it replaces
    another. If the block raises, nothing is left and an existing file stays as it was. The content
    is not synced: after a power cut it can be lost. Raises OSError, naming `path`, where the disk
    is full or writing is not allowed.
    """
    temporary = None
    try:
        with errors_naming(path), claimed_file(path.parent) as temporary:
            with default_permissions(temporary):
                yield temporary
            os.replace(temporary, path)
    except OSError as error:
        named = Path(str(error.filename))
        if named != temporary and named.suffix != UNFINISHED:
            raise
        raise type(error)(error.errno, error.strerror, str(path)) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def default_permissions(path: Path) -> Iterator[None]:
    """Give the file that the block writes at `path` the permissions of open(): 0666 less umask.

    For writers that choose their own, as safetensors does (0600).
    """
    path.touch()
    mode = stat.S_IMODE(path.stat().st_mode)
    yield
    path.chmod(mode)


@contextmanager
def errors_naming(path: Path) -> Iterator[None]:
    """Add `path` to an OSError of the block that names no file, as those of `write()` do not.

    A SafetensorError that reports an error of the operating system becomes that OSError.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        number = _unnamed_number(error)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def _unnamed_number(error: Exception) -> int | None:
    """The errno of an error that names no file; None for any other error."""
    if isinstance(error, OSError):
        return error.errno if error.filename is None else None
    reported = re.search(r"\(os error (\d+)\)", str(error))
    return int(reported[1]) if reported else None
