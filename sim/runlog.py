"""Writes the files of a run directory: rows as JSON lines, and small files as a whole.

A resumed run is simulated again from second 0. Its rows must equal those that are already in the
file, byte for byte; the rows after them are appended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from .records import FailedRow, FrequentRow, Row, as_json, fields_as_json

FORMAT_VERSION = 1
"""Version of the format of a run's files. Raise it if older readers would misread new files."""

MANIFEST = "manifest.json"
EVENTS = "events.jsonl"
EVALUATIONS = "evaluations.jsonl"
DONE = "DONE"
"""Written when the run is finished, with the sha256 of events.jsonl."""

STUDY_INDEX = "study.json"
"""In the directory of a study: its name, its arms and their run directories."""

PARTITION = "partition.json"
"""In the directory of a run on data: the classes, and for each client its number of examples of
each class."""


class RunError(Exception):
    """The run cannot continue. The message is one line."""


class ResumeError(RunError):
    """The rows of a resumed run differ from those that are already on disk."""


class RowFile:
    """A file of rows, one JSON object per line. Added rows are written by `flush`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._on_disk = b""
        self._added = bytearray()
        self._sha = sha256()
        self._n_bytes = 0  # flushed by this process

    def open(self) -> None:
        """Read the rows that are already on disk. To be called before the first flush."""
        if self._path.exists():
            self._on_disk = _without_failure(self._path.read_bytes())

    def add(self, row: Row) -> None:
        self._added += (as_json(row) + "\n").encode()

    def add_fields(self, kind: type[FrequentRow], rows: Iterable[dict[str, Any]]) -> None:
        """Add rows of one kind, each given as its fields by name."""
        self._added += "".join([fields_as_json(kind, values) + "\n" for values in rows]).encode()

    def flush(self) -> None:
        """Append the added rows. Raises ResumeError if they differ from rows already on disk."""
        text = bytes(self._added)
        self._added.clear()
        known = self._on_disk[self._n_bytes : self._n_bytes + len(text)]
        if known != text[: len(known)]:
            raise ResumeError(_first_difference(self._path, known, text))
        if len(known) < len(text):
            with self._path.open("r+b" if self._path.exists() else "wb") as file:
                file.seek(self._n_bytes + len(known))
                file.write(text[len(known) :])
                file.truncate()
        self._sha.update(text)
        self._n_bytes += len(text)

    def close(self) -> str:
        """Flush, and return the sha256 of the whole file in hex.

        Raises ResumeError if the file on disk has more rows than were added.
        """
        self.flush()
        if len(self._on_disk) > self._n_bytes:
            raise ResumeError(
                f"{self._path}: this run has ended, but the file has further rows of an earlier "
                f"run; choose another --out"
            )
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
        """Close both files, and return the sha256 of events.jsonl in hex."""
        self.evaluations.close()
        return self.events.close()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a whole file at once, text as UTF-8 (see learner.store.atomic_file).

    Raises OSError, naming `path`, for example if its directory does not exist.
    """
    from learner.store.atomic_file import replacement  # analysis reads logs without the learner

    with replacement(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def write_partition(run_dir: Path, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
    """Write PARTITION. `counts[client][class]`: numbers of training examples."""
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in counts)
    text = f'{{"classes": {json.dumps(list(classes))},\n"counts": [\n{rows}\n]}}\n'
    write_atomically(run_dir / PARTITION, text)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file. Keys keep their order, since the order of `fleet.devices` matters."""
    write_atomically(path, json.dumps(value, indent=2) + "\n")


def _without_failure(content: bytes) -> bytes:
    """The content of a file of rows without a FailedRow at its end."""
    start = content.rstrip(b"\n").rfind(b"\n") + 1
    is_failure = content[start:].startswith(f'{{"row":"{FailedRow.row}"'.encode())
    return content[:start] if is_failure else content


def _first_difference(path: Path, known: bytes, text: bytes) -> str:
    """The message for bytes on disk that the same number of bytes of `text` does not repeat."""
    lines = zip(known.splitlines(keepends=True), text.splitlines(keepends=True), strict=False)
    old, new = next((old, new) for old, new in lines if not new.startswith(old))
    return (
        f"{path}: this run differs from the earlier run in this directory: had {_short(old)}, "
        f"now {_short(new)}; choose another --out"
    )


def _short(line: bytes) -> str:
    return repr(line[:200].decode(errors="replace").rstrip("\n"))
