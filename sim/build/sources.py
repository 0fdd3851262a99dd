"""Finds and reads the trace files that a scenario refers to, and assigns recordings to clients."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Literal

from sim.scenario.network import TraceFiles
from sim.streams import Streams
from traces.fetch import PACKAGES, FetchError, fetch
from traces.load import Found, find, find_among, in_order
from traces.recording import Recording

Assignment = Literal["round-robin", "random", "by-id"]
"""Client i gets recording i modulo their number; a random one; or recording i, which must exist."""

FETCH = "fetch:"

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One recording: its file's name, with the run in brackets if the file has several.

    `sha256`: of the file. `licence`: of a package; None for the user's own files.
    """

    name: str
    recording: Recording
    sha256: str
    licence: str | None


@dataclass(frozen=True, slots=True)
class Readings:
    """The recordings of a reference in natural order, and what is to be told about its files.
    `passed_over`: the names of files that are no trace, hidden ones aside."""

    found: list[Reading]
    warnings: list[str]
    passed_over: list[str]


def read_files(key: str, files: TraceFiles, cache_dir: Path) -> Readings:
    """Every recording of a file, directory, pattern or package, one for each run of a file.

    Files of a directory or pattern that are no trace are passed over, with a warning. Raises
    TraceError, naming file and line, for a bad file; ValueError, naming the key, if there is none.
    """
    path = Path(_pattern(key, files.source, cache_dir)).expanduser()
    if path.exists():
        read = find(path, files.format, **files.format_options)
    else:
        paths = in_order(Path(name) for name in glob.glob(str(path)))
        read = find_among(paths, path, files.format, **files.format_options)
    for one in read:
        if one.error is not None and not one.is_passed_over:
            raise one.error
    licence = licence_of(files.source)
    found = [reading for one in read for reading in _of_file(one, licence)]
    over = [one.path.name for one in read if one.is_passed_over and one.path.name[0] != "."]
    return Readings(found, _passed_over(key, read) + _told(key, found), over)


def _of_file(found: Found, licence: str | None) -> Iterable[Reading]:
    digest = content_digest(found.path) if found.recordings else ""
    for run, recording in found.recordings.items():
        name = f"{found.path.name} [{run}]" if run else found.path.name
        yield Reading(name=name, recording=recording, sha256=digest, licence=licence)


def _passed_over(key: str, read: Sequence[Found]) -> list[str]:
    over = [one for one in read if one.is_passed_over]
    if not over:
        return []
    reasons = "; ".join(f"{one.path.name}: {one.error and one.error.rule}" for one in over[:_SHOWN])
    more = "; ..." if len(over) > _SHOWN else ""
    return [f"{key}: {len(over)} of {len(read)} files were passed over: {reasons}{more}"]


def _told(key: str, found: Sequence[Reading]) -> list[str]:
    """The readers' warnings, each once, with the first of the recordings that it is about."""
    names: dict[str, list[str]] = {}
    for reading in found:
        for warning in reading.recording.warnings:
            names.setdefault(warning, []).append(reading.name)
    return [f"{key}: {_first_of(of)}: {warning}" for warning, of in names.items()]


def _first_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _pattern(key: str, reference: str, cache_dir: Path) -> str:
    """A reference as a path or pattern. Downloads a package unless it is in the cache.

    Raises ValueError, naming the key, if that fails.
    """
    if not reference.startswith(FETCH):
        return reference
    name, _, rest = reference.removeprefix(FETCH).partition("/")
    try:
        return f"{fetch(name, cache_dir / 'traces')}/{rest or '*'}"
    except FetchError as error:
        raise ValueError(f"{key}: {error}") from None


def licence_of(reference: str) -> str | None:
    """The licence of a package's recordings; None for the user's own files."""
    if not reference.startswith(FETCH):
        return None
    return PACKAGES[reference.removeprefix(FETCH).partition("/")[0]].licence


def check_reference(key: str, reference: str, presets: Sequence[str] = ()) -> None:
    """Raise ValueError, naming the key, if there is nothing of that name.

    Reads and downloads nothing. presets: names that are valid without a file.
    """
    if reference in presets:
        return
    known = list(presets)
    if reference.startswith(FETCH):
        known = [f"{FETCH}{name}" for name in PACKAGES]
        is_known = reference.partition("/")[0] in known
    else:
        path = Path(reference).expanduser()
        is_known = path.exists() or bool(glob.glob(str(path)))
    if not is_known:
        nearest = get_close_matches(reference, known, n=3, cutoff=0.3) or known
        kinds = "a preset, file" if presets else "a file"
        raise ValueError(
            f"{key} must be {kinds}, directory, pattern or {FETCH}PACKAGE, got {reference}, "
            f"which is no file in {Path.cwd()}"
            + (f"; nearest: {', '.join(nearest)}" if nearest else "")
        )


def check_by_id(key: str, how: Assignment, passed_over: Sequence[str]) -> None:
    """Raise ValueError, naming the key, where clients would get the recordings of others."""
    if how == "by-id" and passed_over:
        raise ValueError(
            f"{key}: assigned by-id, but {_first_of(passed_over)} cannot be used, so that clients "
            "would get the recordings of others; name a pattern of the recordings alone, or "
            "assign round-robin"
        )


def assign(
    key: str, how: Assignment, streams: Streams, purpose: str, ids: Sequence[int], n: int
) -> list[int]:
    """The index, below n, of each client's recording. Raises ValueError, naming the key."""
    if how == "by-id" and n < len(ids):
        raise ValueError(
            f"{key} must name one recording for each of {len(ids)} clients when assigned by-id, "
            f"got {n}"
        )
    if how == "random":
        return [int(u * n) for u in streams.uniform(purpose, ids=ids)]
    return [client_id % n for client_id in ids]


def content_digest(path: Path) -> str:
    """The sha256 of a file, in hex."""
    return sha256(path.read_bytes()).hexdigest()
