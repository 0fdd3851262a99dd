"""Warnings about runs, as Python's warnings: notebooks show them below the cell."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from sim.runs.progress import RunProgress


class RunWarning(UserWarning):
    """Data, traces or records of a run that may mislead."""


def warn_of_progress(progress: RunProgress) -> None:
    """A progress sink that reports warnings alone."""
    if progress.warning:
        warn([progress.warning.removeprefix("warning: ")])


def warn(lines: Iterable[str]) -> None:
    """Report every line once a place, as Python does."""
    for line in lines:
        warnings.warn(line, RunWarning, stacklevel=3)
