"""Writes the index of a study's directory, which sim.study_index reads: runs, arms, axes, notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sim.run_files import RunFileError
from sim.runlog import DONE, STUDY_INDEX, RunError, write_json
from sim.study_index import read_index

from .definition import Study


def write_index(
    study: Study, directory: Path, arm_of: Mapping[Path, str], kept: Callable[[Path], bool]
) -> str:
    """Write the list of the study's runs and the coordinates of its arms; returns a warning, if
    there is one.

    arm_of: of each run directory of the study. kept: which of the runs that an earlier call listed
    stay listed. Finished runs of an earlier version of the study (another file, --set or seeds) are
    no longer listed, and are warned of. Raises RunError if it is the directory of another study.
    """
    arms = [arm.name for arm in study.arms]
    index = _earlier_index(directory, arms)
    own = {str(one.relative_to(directory)): arm for one, arm in arm_of.items()}
    earlier = [run for run in index.get("runs", []) if run not in own]
    others = [run for run in earlier if kept(directory / run)]
    left_out = [run for run in earlier if run not in others]
    dropped = [run for run in left_out if (directory / run / DONE).exists()]
    folders = {Path(run).parent.name: arm for run, arm in own.items()}
    for run in others:
        folder = Path(run).parent.name
        folders.setdefault(folder, index.get("arm_of", {}).get(folder, folder))
    coordinates = dict(zip(arms, map(dict, study.coordinates), strict=False))
    known = index.get("coordinates", {})
    for arm in dict.fromkeys(folders.values()):
        if arm not in arms:
            arms.append(arm)
            coordinates |= {arm: known[arm]} if arm in known else {}
    written = {
        "name": study.name,
        "runs": [*own, *others],
        "arms": arms,
        "arm_of": folders,
        "axes": {name: list(paths) for name, paths in study.axes.items()},
        "coordinates": coordinates,
    }
    write_json(directory / STUDY_INDEX, written | asdict(study.notes))
    if not dropped:
        return ""
    return (
        f"warning: {directory}: {len(dropped)} finished runs of an earlier version of this study, "
        f"such as {dropped[0]}, are no longer shown; another --out keeps both"
    )


def _earlier_index(directory: Path, arms: Sequence[str]) -> dict[str, Any]:
    """The index of an earlier call; empty if there was none. Raises RunError for the directory of
    another study."""
    try:
        index = read_index(directory)
    except RunFileError as error:
        raise RunError(f"{error}; choose another --out") from None
    earlier = index.get("arms", [])
    if earlier and not _labels(earlier) & _labels(arms):
        raise RunError(
            f"{directory}: is the directory of another study (its arms: {', '.join(earlier[:3])}"
            f"{' ...' if len(earlier) > 3 else ''}); choose another --out or another name"
        )
    return index


def _labels(arms: Sequence[str]) -> set[str]:
    """The parts of arms' names without values. Two versions of a study have some in common."""
    return {label.partition("=")[0] for arm in arms for label in arm.split(", ")}
