"""Find the files of a directory's splits by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from .delimited import Warn
from .files import PACKINGS, SPREADSHEETS, SUFFIXES, suffix_of
from .spelling import some

SPLIT_NAMES: Mapping[str, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "valid", "val", "dev", "development", "eval"),
    "test": ("test",),
}
"""The names that a split has in directories and on the hub; training comes first."""

_STEMS = {stem for stems in SPLIT_NAMES.values() for stem in stems}


def split_files(directory: Path, warn: Warn) -> dict[str, Path]:
    """The file of each split. `warn` is told of data files that are no split.

    Raises ValueError if train or test is missing, or if several files are one split.
    """
    found = {split: _files(directory, split) for split in SPLIT_NAMES}
    for split, paths in found.items():
        if len(paths) > 1:
            named = " and ".join(path.name for path in paths)
            raise ValueError(
                f"{directory}: must have one file for the {split} split, has {named}; move the "
                "others away"
            )
        if not paths:
            _refuse_missing(directory, split)
    files = {split: paths[0] for split, paths in found.items() if paths}
    unread = _unread(directory, files.values())
    if unread:
        warn(f"data files of the directory were not read: {some(unread)}")
    return files


def _files(directory: Path, split: str) -> list[Path]:
    endings = [suffix + packing for suffix in SUFFIXES for packing in ("", *PACKINGS)]
    paths = [directory / (stem + ending) for stem in SPLIT_NAMES[split] for ending in endings]
    return [path for path in paths if path.is_file()]


def _refuse_missing(directory: Path, split: str) -> None:
    """Raise ValueError for a split without a file, unless it is validation; and for a spreadsheet
    in its place."""
    sheets = [directory / (stem + end) for stem in SPLIT_NAMES[split] for end in SPREADSHEETS]
    for sheet in sheets:
        if sheet.is_file():
            raise ValueError(f"{sheet}: is a spreadsheet; save it as CSV (UTF-8)")
    if split != "validation":
        raise ValueError(f"{directory / split}: no such file (with one of {', '.join(SUFFIXES)})")


def _unread(directory: Path, files: Iterable[Path]) -> list[str]:
    """The names of other files that are tables or are called like a split. A text counts if the
    splits are texts too, since it is mostly a readme or a licence."""
    read = set(files)
    endings = {*SUFFIXES, *SPREADSHEETS} - {".txt"} | {suffix_of(path) for path in read}
    others = [path for path in sorted(directory.iterdir()) if path.is_file() and path not in read]
    return [
        path.name
        for path in others
        if path.name.partition(".")[0] in _STEMS
        or (suffix_of(path) in endings and not path.name.startswith("."))
    ]
