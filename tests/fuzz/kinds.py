"""All kinds of inputs, with their shares of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .kind import Kind
from .pickles import pickle_kinds
from .run_directories import run_directory_kinds
from .scenarios import scenario_kinds
from .store_files import store_kinds


def all_kinds(place: Path) -> Iterator[Kind]:
    """place: an empty directory, in which files are written."""
    yield from pickle_kinds()
    yield from store_kinds(place)
    yield from scenario_kinds(place)
    yield from run_directory_kinds(place)
