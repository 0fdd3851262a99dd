"""Writes the files of a run directory: rows as JSON lines, and small files as a whole.

A resumed run is simulated again from second 0. Its rows must equal those that are already in the
file, byte for byte; the rows after them are appended.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from .records import FailedRow, FrequentRow, Row
from .row_lines import as_json, fields_as_json

FORMAT_VERSION = 1
"""Version of the format of a run's files. Raise it if older readers would misread new files."""

MANIFEST = "manifest.json"
EVENTS = "events.jsonl"
EVALUATIONS = "evaluations.jsonl"
DONE = "DONE"
"""Written when the run is finished; see sim.done."""

STUDY_INDEX = "study.json"
"""In the directory of a study: its name, its arms and their run directories."""

SCENARIO = "scenario.yaml"

PARTITION = "partition.json"
"""In the directory of a run on data: the classes, and for each client its number of examples of
each class."""


_BLOCK_BYTES = 1 << 20  # added rows kept in memory at most

_LONGEST_FAILURE_BYTES = 1 << 20

_REMEDY = "remove this file to make it again, or choose another --out"


class RunError(Exception):
    """The run cannot continue. The message is one line."""


class ResumeError(RunError):
    """The rows of a resumed run differ from those that are already on disk."""


class RowFile:
    """A file of rows, one JSON object per line. Added rows reach the disk in blocks.

    Nobody else may write the file meanwhile: this is checked with every block, and by `close`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._added = bytearray()
        self._sha = sha256()
        self._n_bytes = 0  # flushed by this process
        self._n_known = 0  # of an earlier process, to be repeated
        self._n_on_disk: int | None = None  # None: no file

    def open(self) -> None:
        """Find the rows that are already on disk. To be called before the first row is added."""
        if self._path.exists():
            self._n_on_disk = self._path.stat().st_size
            self._n_known = self._n_on_disk - _failure_bytes(self._path)

    def add(self, row: Row) -> None:
        self._added += (as_json(row) + "\n").encode()
        if len(self._added) >= _BLOCK_BYTES:
            self.flush()

    def add_fields(self, kind: type[FrequentRow], rows: Iterable[dict[str, Any]]) -> None:
        """Add rows of one kind, each given as its fields by name."""
        self._added += "".join([fields_as_json(kind, values) + "\n" for values in rows]).encode()
        if len(self._added) >= _BLOCK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Append the added rows.

        Raises ResumeError if they differ from rows already on disk, RunError if somebody else has
        changed the file, and OSError, naming the file, for example if the disk is full.
        """
        from learner.store.atomic_file import errors_naming  # analysis reads without the learner

        text = bytes(self._added)
        self._added.clear()
        with errors_naming(self._path):
            n_repeated = self._compare(text)
            if n_repeated < len(text):
                self._append(memoryview(text)[n_repeated:], self._n_bytes + n_repeated)
        self._sha.update(text)
        self._n_bytes += len(text)

    def close(self) -> str:
        """Flush, and return the sha256 of the whole file in hex.

        Raises ResumeError if the file on disk has more rows than were added, and RunError if it
        has other bytes.
        """
        self.flush()
        if self._n_known > self._n_bytes:
            raise ResumeError(
                f"{self._path}: this run has ended, but the file has further rows of an earlier "
                f"run; {_REMEDY}"
            )
        if self._n_on_disk is None:
            self._append(memoryview(b""), 0)
        if self._digest_on_disk() != self._sha.hexdigest():
            raise self._changed_by_others()
        return self._sha.hexdigest()

    def _compare(self, text: bytes) -> int:
        """Compare added rows with those on disk; returns the number of bytes that are there."""
        n_left = self._n_known - self._n_bytes
        if n_left <= 0 or not text:
            return 0
        try:
            with self._path.open("rb") as file:
                file.seek(self._n_bytes)
                known = file.read(min(n_left, len(text)))
        except FileNotFoundError:
            raise self._changed_by_others() from None
        if known != text[: len(known)]:
            raise ResumeError(_first_difference(self._path, known, text))
        if len(known) < min(n_left, len(text)):
            raise self._changed_by_others()
        return len(known)

    def _append(self, text: memoryview, at: int) -> None:
        """Write at byte `at`, the end of the file but for the row of an earlier failure."""
        try:
            with self._path.open("xb" if self._n_on_disk is None else "r+b") as file:
                if os.fstat(file.fileno()).st_size != (self._n_on_disk or 0):
                    raise self._changed_by_others()
                file.seek(at)
                file.write(text)
                file.truncate()
        except (FileExistsError, FileNotFoundError):
            if not self._path.parent.is_dir():
                raise
            raise self._changed_by_others() from None
        self._n_on_disk = at + len(text)

    def _digest_on_disk(self) -> str:
        try:
            with self._path.open("rb") as file:
                return file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return ""

    def _changed_by_others(self) -> RunError:
        return RunError(
            f"{self._path}: something else has changed or removed this file while the run was "
            "writing it, so the run is not finished; repeat the command to complete it"
        )


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

    What killed processes have left unfinished in its directory is removed. Raises OSError, naming
    `path`, for example if its directory does not exist.
    """
    from learner.store.atomic_file import write_whole  # analysis reads logs without the learner

    write_whole(path, content.encode() if isinstance(content, str) else content)


def write_partition(run_dir: Path, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
    """Write PARTITION. `counts[client][class]`: numbers of training examples."""
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in counts)
    text = f'{{"classes": {json.dumps(list(classes))},\n"counts": [\n{rows}\n]}}\n'
    write_atomically(run_dir / PARTITION, text)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file. Keys keep their order, since the order of `fleet.devices` matters."""
    write_atomically(path, json.dumps(value, indent=2) + "\n")


def _failure_bytes(path: Path) -> int:
    """The length of a FailedRow at the end of a file of rows; 0 without one."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LONGEST_FAILURE_BYTES))
        tail = file.read()
    last = tail[tail.rstrip(b"\n").rfind(b"\n") + 1 :]
    return len(last) if last.startswith(f'{{"row":"{FailedRow.row}"'.encode()) else 0


def _first_difference(path: Path, known: bytes, text: bytes) -> str:
    """The message for bytes on disk that the same number of bytes of `text` does not repeat."""
    lines = zip(known.splitlines(keepends=True), text.splitlines(keepends=True), strict=False)
    old, new = next((old, new) for old, new in lines if not new.startswith(old))
    return (
        f"{path}: this run differs from the earlier run in this directory: had {_short(old)}, "
        f"now {_short(new)}; {_REMEDY}"
    )


def _short(line: bytes) -> str:
    return repr(line[:200].decode(errors="replace").rstrip("\n"))
