"""Lists run directories: what each is, and whether its files are whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sim.done import changed_files, recorded_sha256
from sim.run_files import RunFileError, read_manifest
from sim.runlog import MANIFEST


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRun:
    """A run directory. `state`: finished, unfinished, "changed: FILES" if files differ from those
    with which the run finished, or why its manifest cannot be read; all other fields are then
    empty. `rounds` and `accuracy` (0-1) are those of the end. What the run cost the process that
    finished it: `trainings`, `store_hits`, `wall_seconds`. All five are None for an unfinished run.
    """

    directory: Path
    state: str
    name: str = ""
    seed: int | None = None
    learner: str = ""
    rounds: int | None = None
    accuracy: float | None = None
    trainings: int | None = None
    store_hits: int | None = None
    wall_seconds: float | None = None


_OF_RESULT = ("rounds", "accuracy", "trainings", "store_hits", "wall_seconds")


def found_runs(directory: Path) -> Iterator[FoundRun]:
    """Yield the runs in a directory and below it, by path. Every file of a finished run is read.

    Raises FileNotFoundError for a directory that does not exist.
    """
    if not directory.is_dir():
        raise FileNotFoundError(2, "no such directory", str(directory))
    for path in sorted(directory.rglob(MANIFEST)):
        yield _found(path.parent)


def _found(run_dir: Path) -> FoundRun:
    try:
        manifest = read_manifest(run_dir)
    except RunFileError as error:
        return FoundRun(directory=run_dir, state=str(error))
    changed = changed_files(run_dir)
    is_finished = recorded_sha256(run_dir) is not None
    whole = "finished" if is_finished else "unfinished"
    result = (manifest.get("result") or {}) if is_finished else {}
    return FoundRun(
        directory=run_dir,
        state=f"changed: {', '.join(changed)}" if changed else whole,
        name=manifest["name"],
        seed=manifest["seed"],
        learner=manifest["learner"],
        **{key: result.get(key) for key in _OF_RESULT},
    )
