"""Reads the runs of a study, an arm or a single run, with warnings about what is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sim.run_files import RunFileError, read_manifest
from sim.runlog import MANIFEST, STUDY_INDEX
from sim.study_index import read_index

from .arm_names import arm_names
from .comparability import incomparable
from .grid import on_common_grid
from .run import Run, load_run

_MOST_PATHS = 5
_INDEX_KEYS = ("axes", "coordinates", "hindsight", "source", "published")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """The runs of a directory in the study's order.

    `axes`: by axis name, the scenario keys that it sets. `coordinates`: by arm, its value on each
    axis. Both are empty for a study of named arms. `hindsight`: by row name, the arms of which the
    best is shown. `published`: results of the publication `source`, each with arm, targets, hours
    and reason. `below`: studies in its folders, which are not read. `missing`: the runs of its
    index that have not begun, as seeds by arm.
    """

    path: Path
    runs: tuple[Run, ...]
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    coordinates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hindsight: Mapping[str, Sequence[str]] = field(default_factory=dict)
    source: str = ""
    published: Sequence[Mapping[str, Any]] = ()
    below: Sequence[Path] = ()
    missing: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r}, {len(self.arms)} arms, {len(self.runs)} runs)"

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the arms, in order."""
        return tuple(dict.fromkeys(run.arm for run in self.runs))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of these arms should know, one line each."""
        found = [
            f"{run.path.relative_to(self.path)}: {line}"
            for run in self.runs
            for line in run.warnings
        ]
        if self.missing:
            found.append(f"runs have not begun: {self.not_begun}")
        if self.below:
            found.append(f"also below: {_paths(self.below)} (studies); name one")
        return (*found, *incomparable(self.runs))

    @property
    def not_begun(self) -> str:
        """The runs that have not begun: "a (seeds 0-4), b (seed 3)"; "" if there are none."""
        return ", ".join(f"{arm} ({_seeds(seeds)})" for arm, seeds in self.missing.items())

    def runs_of(self, arm: str) -> tuple[Run, ...]:
        """The runs of an arm, one per seed."""
        return tuple(run for run in self.runs if run.arm == arm)


def load_study(path: str | Path) -> Study:
    """Read the study in a directory, which may also be that of one arm or of one run.

    A run that is unfinished, or whose log was changed afterwards, is used as far as it can be read,
    with a warning; so are arms that cannot be compared. Accuracies of all arms are compared on the
    grid that they share. An arm is the runs of one folder; arms of the same name have the digest of
    their folder's name in brackets. Raises ValueError, in one line, for a directory without runs,
    for two runs of an arm with the same seed and for a file that a run does not write.
    """
    path = Path(path)
    found = _run_directories(path)
    index, below = read_index(path), _studies_below(path)
    if not found:
        lacking = f"no {MANIFEST} up to two directories down"
        told = f"; below are {_paths(below)} (studies); name one" * bool(below)
        raise ValueError(f"{path}: holds no runs ({lacking}){told}")
    manifests = [read_manifest(directory) for directory in found]
    arms = arm_names(found, manifests)
    runs = [load_run(*read) for read in zip(found, manifests, arms, strict=True)]
    study = Study(
        path=path,
        runs=tuple(on_common_grid(runs)),
        below=() if index else below,
        missing=_missing(path, index),
        **{key: index[key] for key in _INDEX_KEYS if key in index},
    )
    return replace(study, hindsight=hindsight_among(study.hindsight, study.arms))


def hindsight_among(
    rows: Mapping[str, Sequence[str]], arms: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Return the rows in hindsight of these arms alone: those that still choose among two."""
    kept = {name: tuple(arm for arm in own if arm in arms) for name, own in rows.items()}
    return {name: own for name, own in kept.items() if len(own) > 1}


def _run_directories(path: Path) -> list[Path]:
    """The runs that the study's index lists; without an index all runs, by arm and seed."""
    names = read_index(path).get("runs")
    if names is not None:
        return [path / name for name in names if (path / name / MANIFEST).exists()]
    patterns = (MANIFEST, f"*/{MANIFEST}", f"*/*/{MANIFEST}")
    return [file.parent for pattern in patterns for file in sorted(path.glob(pattern))]


def _studies_below(path: Path) -> list[Path]:
    """The studies in the folders of a directory and in their folders."""
    patterns = (f"*/{STUDY_INDEX}", f"*/*/{STUDY_INDEX}")
    return [file.parent for pattern in patterns for file in sorted(path.glob(pattern))]


def _paths(paths: Sequence[Path]) -> str:
    """At most five paths, and how many others there are."""
    text = ", ".join(map(str, paths[:_MOST_PATHS]))
    return text if len(paths) <= _MOST_PATHS else f"{text} and {len(paths) - _MOST_PATHS} more"


def _missing(path: Path, index: Mapping[str, Any]) -> dict[str, list[int]]:
    """The runs that the index lists and that have no manifest: seeds by arm."""
    arms, missing = index.get("arm_of", {}), defaultdict[str, list[int]](list)
    for name in index.get("runs", ()):
        if not (path / name / MANIFEST).exists():
            folder, seed = Path(name).parent.name, Path(name).name.removeprefix("seed-")
            if not seed.isdecimal():
                rule = "runs must be ARM/seed-NNNN"
                raise RunFileError(f"{path / STUDY_INDEX}: {rule}, got {name!r:.80}")
            missing[arms.get(folder, folder)].append(int(seed))
    return dict(missing)


def _seeds(seeds: Sequence[int]) -> str:
    """Seeds in words: "seed 3", "seeds 0-4", "seeds 0-2, 7"."""
    runs = list[list[int]]()
    for seed in sorted(seeds):
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    texts = [f"{one[0]}-{one[-1]}" if len(one) > 1 else f"{one[0]}" for one in runs]
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(texts)}"
