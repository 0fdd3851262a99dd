"""Finds the trace files that a scenario refers to, and assigns them to clients."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Literal

from sim.streams import Streams
from traces.fetch import PACKAGES, FetchError, fetch

Assignment = Literal["round-robin", "random", "by-id"]
"""Client i gets recording i modulo their number; a random one; or recording i, which must exist."""

FETCH = "fetch:"


def find_files(key: str, reference: str, cache_dir: Path) -> list[Path]:
    """The files of a path, directory, pattern or package ("fetch:mahimahi/*.down"), by name.

    Downloads the package unless it is in the cache. Raises ValueError, naming the key, if that
    fails.
    """
    pattern = reference
    if reference.startswith(FETCH):
        name, _, rest = reference.removeprefix(FETCH).partition("/")
        try:
            pattern = f"{fetch(name, cache_dir / 'traces')}/{rest or '*'}"
        except FetchError as error:
            raise ValueError(f"{key}: {error}") from None
    path = Path(pattern).expanduser()
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file())
    return sorted(Path(file) for file in glob.glob(str(path)))


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
        is_known = bool(find_files(key, reference, Path()))
    if not is_known:
        nearest = get_close_matches(reference, known, n=3, cutoff=0.3) or known
        kinds = "a preset, file" if presets else "a file"
        raise ValueError(
            f"{key} must be {kinds}, directory, pattern or {FETCH}PACKAGE, got {reference}"
            + (f"; nearest: {', '.join(nearest)}" if nearest else "")
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
