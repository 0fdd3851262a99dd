"""Reads the runs of a study, an arm or a single run, with warnings about what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.run_files import read_manifest
from sim.runlog import MANIFEST
from sim.study_index import read_index

from .comparability import incomparable
from .grid import on_common_grid
from .run import Run, load_run

_INDEX_KEYS = ("axes", "coordinates", "hindsight", "source", "published")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """The runs of a directory in the study's order; each warning is one line.

    `axes`: by axis name, the scenario keys that it sets. `coordinates`: by arm, its value on each
    axis. Both are empty for a study of named arms. `hindsight`: by row name, the arms of which the
    best is shown. `published`: results of the publication `source`, each with arm, targets, hours
    and reason. `missing`: the runs of its index that have not begun, such as "arm (seed 3)".
    """

    path: Path
    runs: tuple[Run, ...]
    warnings: tuple[str, ...]
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    coordinates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hindsight: Mapping[str, Sequence[str]] = field(default_factory=dict)
    source: str = ""
    published: Sequence[Mapping[str, Any]] = ()
    missing: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r}, {len(self.arms)} arms, {len(self.runs)} runs)"

    @property
    def arms(self) -> tuple[str, ...]:
        """The names of the arms, in order."""
        return tuple(dict.fromkeys(run.arm for run in self.runs))

    def runs_of(self, arm: str) -> tuple[Run, ...]:
        """The runs of an arm, one per seed."""
        return tuple(run for run in self.runs if run.arm == arm)


def load_study(path: str | Path) -> Study:
    """Read the study in a directory, which may also be that of one arm or of one run.

    A run that is unfinished, or whose log was changed afterwards, is used as far as it can be read,
    with a warning; so are arms that cannot be compared. Accuracies of all arms are compared on the
    grid that they share. Two scenarios with the same name become arms with their digests
    in brackets. Raises ValueError, in one line, for a directory without runs and for a file that a
    run does not write.
    """
    path = Path(path)
    found = _run_directories(path)
    if not found:
        raise ValueError(f"{path}: holds no runs (no {MANIFEST} up to two directories down)")
    manifests = [(read_manifest(directory), directory) for directory in found]
    digests = Counter(name for name, _ in {(m["name"], m["digest"]) for m, _ in manifests})
    runs = []
    for manifest, directory in manifests:
        is_shared = digests[manifest["name"]] > 1
        arm = f"{manifest['name']} [{manifest['digest'][:8]}]" if is_shared else manifest["name"]
        runs.append(load_run(directory, manifest, arm))
    runs = on_common_grid(runs)
    warnings = [f"{run.path.relative_to(path)}: {line}" for run in runs for line in run.warnings]
    index = read_index(path)
    missing = _missing(path, index)
    if missing:
        warnings.append(f"runs have not begun: {', '.join(missing)}")
    return Study(
        path=path,
        runs=tuple(runs),
        warnings=(*warnings, *incomparable(runs)),
        missing=missing,
        **{key: index[key] for key in _INDEX_KEYS if key in index},
    )


def _run_directories(path: Path) -> list[Path]:
    """The runs that the study's index lists; without an index all runs, by arm and seed."""
    names = read_index(path).get("runs")
    if names is not None:
        return [path / name for name in names if (path / name / MANIFEST).exists()]
    patterns = (MANIFEST, f"*/{MANIFEST}", f"*/*/{MANIFEST}")
    return [file.parent for pattern in patterns for file in sorted(path.glob(pattern))]


def _missing(path: Path, index: Mapping[str, Any]) -> tuple[str, ...]:
    """The runs that the index lists and that have no manifest, by arm and seed."""
    arms, missing = index.get("arm_of", {}), []
    for name in index.get("runs", ()):
        if not (path / name / MANIFEST).exists():
            folder = Path(name).parent.name
            arm = arms.get(folder, folder)
            seed = Path(name).name.removeprefix("seed-").lstrip("0") or "0"
            missing.append(f"{arm} (seed {seed})")
    return tuple(missing)
