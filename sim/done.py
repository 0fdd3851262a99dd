"""DONE, the file of a finished run: the sha256 of every file that results are read from.

Whoever reads a finished run asks `changed_files`; whoever finishes one calls `write_done`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import file_digest
from pathlib import Path

from .runlog import DONE, EVALUATIONS, EVENTS, MANIFEST, PARTITION, SCENARIO, write_json

_COVERED = (EVENTS, EVALUATIONS, MANIFEST, PARTITION, SCENARIO)
"""The files of a run directory that DONE covers, where they exist."""


def write_done(run_dir: Path) -> None:
    """Write DONE for the files as they are on disk."""
    digests = {name: file_sha256(run_dir / name) for name in _in(run_dir)}
    write_json(run_dir / DONE, {"sha256": digests})


def recorded_sha256(run_dir: Path) -> Mapping[str, str] | None:
    """Return the sha256 that DONE records, in hex, by file name.

    None without DONE, and for a DONE that no run writes. That of version 0.1.0 covers events.jsonl
    alone.
    """
    try:
        done = json.loads((run_dir / DONE).read_bytes())
        recorded = done.get("sha256", {EVENTS: done.get("events_sha256")})
        is_sound = all(isinstance(value, str) for value in recorded.values())
    except (FileNotFoundError, NotADirectoryError, ValueError, AttributeError, RecursionError):
        return None
    return recorded if is_sound and EVENTS in recorded else None


def changed_files(run_dir: Path, known: Mapping[str, str] | None = None) -> list[str]:
    """Return the names of files that are missing or differ from what DONE records.

    DONE itself is among them if it exists and no run writes it so; without DONE there are none.
    `known`: sha256 by file name, of files that were read already.
    """
    recorded, known = recorded_sha256(run_dir), known or {}
    if recorded is None:
        return [DONE] if (run_dir / DONE).exists() else []
    return [
        name
        for name, digest in recorded.items()
        if digest != (known.get(name) or file_sha256(run_dir / name))
    ]


def uncovered_files(run_dir: Path) -> list[str]:
    """Return the names of files that DONE does not cover: version 0.1.0 wrote it."""
    recorded = recorded_sha256(run_dir)
    return [] if recorded is None else [name for name in _in(run_dir) if name not in recorded]


def change_warnings(run_dir: Path, known: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield a line on the files that changed since the run finished, and one on those uncovered."""
    changed = changed_files(run_dir, known)
    if changed == [DONE]:
        yield "DONE is not a file that a run writes, so the run counts as unfinished"
    elif changed:
        yield (
            f"{', '.join(changed)} differs from what DONE records: changed since the run finished; "
            "used as it is (repeat the run to make it again)"
        )
    if uncovered := uncovered_files(run_dir):
        yield (
            f"DONE of version 0.1.0 does not cover {', '.join(uncovered)} "
            "(repeat the run to check them)"
        )


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file in hex; "" for a missing file."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _in(run_dir: Path) -> list[str]:
    return [name for name in _COVERED if (run_dir / name).exists()]
