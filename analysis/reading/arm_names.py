"""The names of arms: those of scenarios, made different where several folders share one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from sim.run_files import Manifest, RunFileError


def arm_names(directories: Sequence[Path], manifests: Sequence[Manifest]) -> list[str]:
    """Return the arm of each run: the name of its scenario, and in brackets what sets it apart.

    An arm is the runs of one folder with one scenario. The digest in a folder's name covers the
    scenario, the user's own configurator and the user's own participation; a manifest's covers the
    scenario alone. Raises RunFileError if two runs are of the same arm and seed.
    """
    folders = [directory.absolute().parent.name for directory in directories]
    kinds = defaultdict[str, dict[tuple[str, str], None]](dict)
    for folder, manifest in zip(folders, manifests, strict=True):
        kinds[manifest["name"]][folder, manifest["digest"]] = None
    names = [
        _name(manifest, folder, [*kinds[manifest["name"]]])
        for folder, manifest in zip(folders, manifests, strict=True)
    ]
    _refuse_twice(directories, manifests, names)
    return names


def _name(manifest: Manifest, folder: str, kinds: Sequence[tuple[str, str]]) -> str:
    """The arm of a run; `kinds`: folder and digest of each arm with the name of its scenario."""
    if len(kinds) == 1:
        return manifest["name"]
    if len({other for other, _ in kinds}) == 1:  # runs that were copied into one folder
        return f"{manifest['name']} [{manifest['digest'][:8]}]"
    digest = re.search("-([0-9a-f]{8})$", folder)
    return f"{manifest['name']} [{digest[1] if digest else folder}]"


def _refuse_twice(
    directories: Sequence[Path], manifests: Sequence[Manifest], names: Sequence[str]
) -> None:
    seen = dict[tuple[str, int], Path]()
    for directory, manifest, name in zip(directories, manifests, names, strict=True):
        other = seen.setdefault((name, manifest["seed"]), directory)
        if other is not directory:
            seed = manifest["seed"]
            raise RunFileError(
                f"{directory}: is a second run of {name!r}, seed {seed}, beside {other}"
            )
