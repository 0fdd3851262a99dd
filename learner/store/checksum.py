"""A checksum file beside a file whose format has no checksum of its own (block-3.npy)."""

from __future__ import annotations

import hashlib
from pathlib import Path


def is_sound(path: Path) -> bool:
    """Whether the file exists and agrees with its checksum file. Reads it all: 0.2 s for 110 MB."""
    try:
        return hash_path(path).read_text(encoding="ascii") == content_hash(path)
    except (OSError, ValueError):
        return False


def content_hash(path: Path) -> str:
    """blake2b of the file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def hash_path(path: Path) -> Path:
    """The checksum file of a file."""
    return path.with_suffix(".blake2b")
