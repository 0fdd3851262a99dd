"""Reads the index of a study: its runs, arms, axes and notes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .run_files import RunFileError
from .runlog import STUDY_INDEX


def read_index(path: Path) -> dict[str, Any]:
    """Return the index of a study; empty for a directory that is not a whole study's.

    Raises RunFileError, with the file and the key, for a file that no study writes.
    """
    file = path / STUDY_INDEX
    if not file.exists():
        return {}
    try:
        index = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise RunFileError(f"{file}: must be JSON: {error}") from None
    if not isinstance(index, dict) or "runs" not in index:
        raise RunFileError(f"{file}: must be the index of a study, with a list 'runs'")
    for key, (is_met, words) in _KEYS.items():
        if key in index and not is_met(index[key]):
            rule = f"is not the index of a study: {key} must be {words}"
            raise RunFileError(f"{file}: {rule}, got {index[key]!r:.40}")
    return index


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_mappings(values: Iterable[Any]) -> bool:
    return all(isinstance(value, dict) for value in values)


_KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "runs": (_is_texts, "a list of text"),
    "arms": (_is_texts, "a list of text"),
    "arm_of": (
        lambda value: isinstance(value, dict) and _is_texts([*value.values()]),
        "a mapping of folders to text",
    ),
    "axes": (
        lambda value: isinstance(value, dict) and all(map(_is_texts, value.values())),
        "a mapping of names to lists of text",
    ),
    "coordinates": (
        lambda value: isinstance(value, dict) and _is_mappings(value.values()),
        "a mapping of names to mappings",
    ),
    "hindsight": (
        lambda value: isinstance(value, dict) and all(map(_is_texts, value.values())),
        "a mapping of names to lists of text",
    ),
    "source": (lambda value: isinstance(value, str), "text"),
    "published": (
        lambda value: isinstance(value, list) and _is_mappings(value),
        "a list of mappings",
    ),
}
"""What the value of each key of a study's index must be, as a test and in words."""
