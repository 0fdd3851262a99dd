"""The append-only files of a run directory, written so that a resumed run must repeat them.

Resuming replays the run from t = 0. While the file still holds bytes of the earlier attempt, new
bytes are compared with them; only what goes beyond is appended.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .records import FailedRow, ManyRow, Row, as_json, as_line

FORMAT_VERSION = 1
"""Of a run's files; a change that an older reader would misread raises it."""

MANIFEST = "manifest.json"
EVENTS = "events.jsonl"
EVALUATIONS = "evaluations.jsonl"
DONE = "DONE"
"""Of a finished run: the sha256 of its events."""

STUDY_INDEX = "study.json"
"""In a study's directory: its name and the run directories that are its own."""

PARTITION = "partition.json"
"""In the directory of a run on data: its classes, and how many examples of each every client
holds (a list of counts a client)."""


class RunError(Exception):
    """A run that cannot go on; one line says why."""


class ReplayError(RunError):
    """A resumed run did not repeat the bytes that are on disk."""


class RowFile:
    """One JSON-lines file. Rows are kept until `flush`, which compares or appends them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._earlier = b""
        self._waiting = bytearray()
        self._sha = sha256()
        self._n_bytes = 0

    def open(self) -> None:
        """Read what an earlier attempt left; nothing may have been flushed yet."""
        if self._path.exists():
            self._earlier = _without_failure(self._path.read_bytes())

    def add(self, row: Row) -> None:
        self._waiting += (as_json(row) + "\n").encode()

    def add_fields(self, kind: type[ManyRow], rows: Iterable[dict[str, Any]]) -> None:
        """As `add`, of rows that are never made, each from its fields by name."""
        self._waiting += "".join([as_line(kind, values) + "\n" for values in rows]).encode()

    def flush(self) -> None:
        """Write what waits. Raises ReplayError at the first byte that differs."""
        text = bytes(self._waiting)
        self._waiting.clear()
        known = self._earlier[self._n_bytes : self._n_bytes + len(text)]
        if known != text[: len(known)]:
            raise ReplayError(_first_difference(self._path, known, text))
        if len(known) < len(text):
            with self._path.open("r+b" if self._path.exists() else "wb") as file:
                file.seek(self._n_bytes + len(known))
                file.write(text[len(known) :])
                file.truncate()
        self._sha.update(text)
        self._n_bytes += len(text)

    def close(self) -> str:
        """Flush; the hex sha256 of all bytes. The earlier file must not have been longer."""
        self.flush()
        if len(self._earlier) > self._n_bytes:
            raise ReplayError(f"{self._path}: the earlier run wrote rows beyond the end of this")
        return self._sha.hexdigest()


class RunLog:
    """A run directory's events.jsonl and evaluations.jsonl."""

    def __init__(self, run_dir: Path) -> None:
        self.events = RowFile(run_dir / EVENTS)
        self.evaluations = RowFile(run_dir / EVALUATIONS)

    def open(self) -> None:
        self.events.open()
        self.evaluations.open()

    def flush(self) -> None:
        self.events.flush()
        self.evaluations.flush()

    def close(self) -> str:
        """Flush both files; the sha256 of events.jsonl."""
        self.evaluations.close()
        return self.events.close()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; text as UTF-8.

    The draft lies in a new directory beside `path` with an unpredictable name, so two processes
    never share one; the file gets the permissions of the umask. On failure the draft is removed
    and `path` keeps its content. Raises OSError that names `path`.
    """
    try:
        with TemporaryDirectory(dir=path.parent, prefix=".draft-") as directory:
            draft = Path(directory) / "draft"
            draft.write_bytes(content.encode() if isinstance(content, str) else content)
            os.replace(draft, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def write_partition(run_dir: Path, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
    """One line a client, so that a thousand clients stay readable."""
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in counts)
    text = f'{{"classes": {json.dumps(list(classes))},\n"counts": [\n{rows}\n]}}\n'
    write_atomically(run_dir / PARTITION, text)


def write_json(path: Path, value: Any) -> None:
    """Keys stay in their order: that of a scenario's devices decides which client has which."""
    write_atomically(path, json.dumps(value, indent=2) + "\n")


def _without_failure(earlier: bytes) -> bytes:
    """The bytes before a final Failed row, which is not part of the run's history."""
    start = earlier.rstrip(b"\n").rfind(b"\n") + 1
    is_failure = earlier[start:].startswith(f'{{"row":"{FailedRow.row}"'.encode())
    return earlier[:start] if is_failure else earlier


def _first_difference(path: Path, known: bytes, text: bytes) -> str:
    for old, new in zip(known.split(b"\n"), text.split(b"\n"), strict=False):
        if not new.startswith(old):
            return (
                f"{path}: this run does not repeat the earlier one: "
                f"had {old[:200].decode()!r}, now {new[:200].decode()!r}"
            )
    return f"{path}: this run does not repeat the earlier one"
