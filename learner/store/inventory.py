"""Count and verify the files of a cache directory: states, activations, evaluations, feedback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .budget import activations_dir, states_dir, store_dir
from .checksum import hash_path, is_sound
from .claim import remove_unfinished
from .content import as_evaluation, as_feedback, as_losses
from .store import read_checked, read_tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The files of one kind. `is_whole` reads a file and checks its hash."""

    name: str
    folder: Path
    pattern: str = "*.json"
    is_whole: Callable[[Path], bool]

    def files(self) -> list[Path]:
        return sorted(self.folder.rglob(self.pattern))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Number and bytes of the files of one kind."""

    kind: str
    files: int
    bytes: int


def kinds(cache_dir: Path) -> tuple[Kind, ...]:
    """The kinds of files in a cache directory, apart from models and data sets."""
    root = store_dir(cache_dir)
    return (
        Kind(
            name="states",
            folder=states_dir(cache_dir),
            pattern="*.safetensors",
            is_whole=lambda path: read_tensors(path) is not None,
        ),
        Kind(
            name="activations",
            folder=activations_dir(cache_dir),
            pattern="*.npy",
            is_whole=is_sound,
        ),
        Kind(
            name="evaluations",
            folder=root / "evaluations",
            is_whole=lambda path: read_checked(path, "evaluation", as_evaluation) is not None,
        ),
        Kind(
            name="losses",
            folder=root / "losses",
            is_whole=lambda path: read_checked(path, "losses", as_losses) is not None,
        ),
        Kind(
            name="feedback",
            folder=root / "feedback",
            is_whole=lambda path: read_checked(path, "feedback", as_feedback) is not None,
        ),
    )


def stock(cache_dir: Path) -> list[Stock]:
    """Number and bytes of the files of each kind."""
    return [
        Stock(
            kind=kind.name,
            files=len(files := kind.files()),
            bytes=sum(path.stat().st_size for path in files),
        )
        for kind in kinds(cache_dir)
    ]


def discard_damaged(cache_dir: Path) -> Iterator[tuple[str, Path]]:
    """Read all files and remove the damaged ones; yields the kind and path of each of these.

    Raises OSError for a file that cannot be read.
    """
    for kind in kinds(cache_dir):
        for path in kind.files():
            if path.exists() and not _is_whole(kind, path):
                path.unlink(missing_ok=True)
                hash_path(path).unlink(missing_ok=True)
                yield kind.name, path


def _is_whole(kind: Kind, path: Path) -> bool:
    try:
        return kind.is_whole(path)
    except FileNotFoundError:  # another process removed it to make room
        return True


def discard_unfinished(cache_dir: Path) -> list[Path]:
    """Remove files that killed processes left unfinished; returns their paths."""
    folders = (store_dir(cache_dir), activations_dir(cache_dir))
    return [path for folder in folders for path in remove_unfinished(folder)]
