"""Recordings by reference: which files a scenario means, and which client gets which of them."""

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
"""Client i gets recording i modulo their number, a keyed random one, or the i-th of at least as
many as clients."""

FETCHED = "fetch:"


def find_files(key: str, reference: str, cache_dir: Path) -> list[Path]:
    """The files of a path, directory, pattern or fetched package ("fetch:mahimahi/*.down"), by
    name. Raises ValueError naming the key."""
    pattern = reference
    if reference.startswith(FETCHED):
        name, _, rest = reference.removeprefix(FETCHED).partition("/")
        try:
            pattern = f"{fetch(name, cache_dir / 'traces')}/{rest or '*'}"
        except FetchError as error:
            raise ValueError(f"{key}: {error}") from None
    path = Path(pattern).expanduser()
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file())
    return sorted(Path(file) for file in glob.glob(str(path)))


def licence_of(reference: str) -> str | None:
    """The licence of a fetched package's recordings; None for files of the user's own."""
    if not reference.startswith(FETCHED):
        return None
    return PACKAGES[reference.removeprefix(FETCHED).partition("/")[0]].licence


def check_reference(key: str, reference: str, presets: Sequence[str] = ()) -> None:
    """Refuse what names nothing, as far as can be told without reading or fetching it."""
    if reference in presets:
        return
    known = list(presets)
    if reference.startswith(FETCHED):
        known = [f"{FETCHED}{name}" for name in PACKAGES]
        is_known = reference.partition("/")[0] in known
    else:
        is_known = bool(find_files(key, reference, Path()))
    if not is_known:
        near = get_close_matches(reference, known, n=3, cutoff=0.3) or known
        kinds = "a preset, file" if presets else "a file"
        raise ValueError(
            f"{key} must be {kinds}, directory, pattern or {FETCHED}PACKAGE, got {reference}"
            + (f"; nearest: {', '.join(near)}" if near else "")
        )


def assign(
    key: str, how: Assignment, streams: Streams, purpose: str, ids: Sequence[int], n: int
) -> list[int]:
    """The index of each client's recording among n. Raises ValueError naming the key."""
    if how == "by-id" and n < len(ids):
        raise ValueError(
            f"{key} must name one recording for each of {len(ids)} clients when assigned by-id, "
            f"got {n}"
        )
    if how == "random":
        return [int(u * n) for u in streams.uniform(purpose, ids=ids)]
    return [client_id % n for client_id in ids]


def content_digest(path: Path) -> str:
    """sha256 of a file."""
    return sha256(path.read_bytes()).hexdigest()
