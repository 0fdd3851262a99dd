"""Reads studies from YAML: a base scenario, arms and axes that change it, and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from sim.build.checks import check_scenario
from sim.scenario.file import (
    ScenarioError,
    apply_override,
    digest,
    naming,
    parse_scenario,
    read_scenario,
    refuse_scenario,
    set_path,
)
from sim.scenario.paths import resolve_paths
from sim.scenario.scenario import Scenario
from sim.scenario.yaml_text import read_yaml

from .axes import MOST_RUNS, Axis, Cell, cross, read_axes, refuse_lost_keys
from .definition import Study
from .notes import read_notes

_STUDY_KEYS = ("name", "seeds", "base", "arms", "axes", "published", "hindsight")
_MOST_BYTES = 255
"""Of a directory's name."""


def load_study(
    path: str | Path, overrides: Sequence[str] = (), base: str | Path | None = None
) -> Study:
    """Read a study from a YAML file with the keys `name`, `seeds`, `base`, `arms` and `axes`.

    `base`: a mapping or a file. `arms`: by name, a mapping of dotted key paths to values. `axes`
    (sim.study.axes): every arm, or the base, is run at all their points. `published` and
    `hindsight` are for the table (sim.study.notes).

    overrides: `a.b=c`, set in every run. base: a file that replaces the study's own base. Every
    resulting scenario is checked. Relative paths in a file are those of its folder, then of the
    working directory; in overrides the working directory comes first. Raises ScenarioError.
    """
    path = Path(path)
    mapping = read_yaml(path)
    refuse_scenario(path, mapping)
    return parse_study({"name": path.stem} | mapping, str(path), path.parent, overrides, base)


def parse_study(
    mapping: Mapping[str, Any],
    where: str = "study",
    folder: Path = Path(),
    overrides: Sequence[str] = (),
    base: str | Path | None = None,
) -> Study:
    """The study of a mapping, as load_study reads it from a file.

    where: what messages begin with. folder: for relative paths. Raises ScenarioError.
    """
    for key in mapping:
        if key not in _STUDY_KEYS:
            raise ScenarioError(
                f"{where}: {key} is not a known key; known: {', '.join(_STUDY_KEYS)}"
            )
    name = mapping.get("name")
    if not isinstance(name, str) or not _can_name_directory(name):
        raise ScenarioError(
            f"{where}: name must be text that can name a directory, got {name!r:.80}; use one line "
            f"of printable characters, at most {_MOST_BYTES} bytes"
        )
    with naming(where):
        axes = read_axes(mapping["axes"]) if "axes" in mapping else ()
    seeds = _seeds(where, mapping.get("seeds", [0]))
    content = read_scenario(Path(base)) if base else _base(where, mapping.get("base", {}), folder)
    arms = _arms(where, mapping, axes)
    study = expand(where, name, content, arms, axes, seeds, overrides, folder)
    with naming(where):
        return replace(study, notes=read_notes(mapping, [arm.name for arm in study.arms]))


def expand(
    where: str,
    name: str,
    base: Mapping[str, Any],
    arms: Mapping[str, Mapping[str, Any]],
    axes: Sequence[Axis],
    seeds: tuple[int, ...],
    overrides: Sequence[str] = (),
    folder: Path = Path(),
) -> Study:
    """The study with every arm at every point of the axes; all scenarios are checked.

    folder: of the study's file, for relative paths in arms and axes. Raises ScenarioError; its
    message begins with `where` and the name of the run.
    """
    for text in overrides:
        refuse_axis(where, text, axes)
    n_runs = max(1, len(arms)) * prod(len(axis.points) for axis in axes) * len(seeds)
    if n_runs > MOST_RUNS:
        raise ScenarioError(
            f"{where}: arms x points of axes x seeds must be at most {MOST_RUNS:,} runs, got "
            f"{n_runs:,}"
        )
    cells = list(cross(arms, axes))
    for cell in cells:
        if not cell.name.isprintable():
            raise ScenarioError(
                f"{where}: names of arms and of points of axes must be one line of printable "
                f"characters, got {cell.name!r:.80}"
            )
    with naming(where):
        refuse_lost_keys(arms, axes)
    scenarios = [_scenario(where, base, cell, overrides, folder) for cell in cells]
    _refuse_equal_arms(where, scenarios)
    return Study(
        name=name,
        arms=tuple(scenarios),
        seeds=seeds,
        axes={axis.name: axis.paths for axis in axes},
        coordinates=tuple(cell.coordinates for cell in cells),
        series=tuple(cell.arm for cell in cells) if axes else (),
    )


def _can_name_directory(name: str) -> bool:
    is_one = Path(name).name == name and name not in ("", ".", "..")
    return is_one and name.isprintable() and len(name.encode()) <= _MOST_BYTES


def _base(where: str, base: Any, folder: Path) -> dict[str, Any]:
    if isinstance(base, str):
        with naming(f"{where}: base"):
            return read_scenario(folder / base)
    if not isinstance(base, dict):
        raise ScenarioError(f"{where}: base must be a mapping or a file, got {base!r}")
    resolved: dict[str, Any] = resolve_paths(base, folder)
    return resolved


def _arms(
    where: str, mapping: Mapping[str, Any], axes: Sequence[Axis]
) -> dict[str, dict[str, Any]]:
    if "arms" not in mapping and axes:
        return {}
    arms = mapping.get("arms")
    if not isinstance(arms, dict) or not arms:
        raise ScenarioError(f"{where}: arms must be a mapping with at least one arm, got {arms!r}")
    for arm, changes in arms.items():
        if not isinstance(changes, dict | None):
            raise ScenarioError(f"{where}: arms.{arm} must be a mapping, got {changes!r}")
    return {str(arm): changes or {} for arm, changes in arms.items()}


def refuse_axis(where: str, override: str, axes: Sequence[Axis]) -> None:
    """Raise ScenarioError if an override sets a key of an axis: its points would be equal."""
    key = override.partition("=")[0].strip()
    for axis in axes:
        if key in axis.paths:
            raise ScenarioError(f"{where}: --set {override}: {key} is set by axes.{axis.name}")


def _refuse_equal_arms(where: str, arms: Sequence[Scenario]) -> None:
    """Raise ScenarioError for arms that are one scenario under two names."""
    scenarios: dict[str, str] = {}
    for arm in arms:
        same = scenarios.setdefault(digest(arm), arm.name)
        if same != arm.name:
            raise ScenarioError(
                f"{where}: arms {same!r} and {arm.name!r} must differ in more than their names; an "
                "override (--set) of a whole mapping replaces the keys that arms set in it"
            )


def _seeds(where: str, seeds: Any) -> tuple[int, ...]:
    is_list = isinstance(seeds, list) and bool(seeds)
    if not is_list or not all(type(seed) is int and seed >= 0 for seed in seeds):
        raise ScenarioError(
            f"{where}: seeds must be a list of whole numbers from 0, such as [0, 1, 2], got "
            f"{seeds!r:.80}"
        )
    if len(set(seeds)) < len(seeds):
        raise ScenarioError(f"{where}: seeds must differ, got {seeds!r:.80}")
    return tuple(seeds)


def _scenario(
    study: str, base: Mapping[str, Any], cell: Cell, overrides: Sequence[str], folder: Path
) -> Scenario:
    where = f"{study}: {cell.name if cell.coordinates else f'arms.{cell.name}'}"
    mapping = deepcopy(dict(base)) | {"name": cell.name}
    with naming(where):
        presets_first = sorted(cell.changes.items(), key=lambda change: change[0] != "preset")
        for key, value in presets_first:
            set_path(mapping, str(key), resolve_paths(deepcopy(value), folder, str(key)))
    for text in overrides:
        apply_override(mapping, text, folder)
    scenario = parse_scenario(mapping, where)
    with naming(where):
        check_scenario(scenario)
    return scenario
