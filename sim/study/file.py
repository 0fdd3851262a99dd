"""Studies from YAML: one base, arms and axes that change it, seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.build.checks import check_scenario
from sim.runs.directory import run_directory
from sim.scenario.file import (
    ScenarioError,
    apply_override,
    parse_scenario,
    read_yaml,
    set_path,
)
from sim.scenario.scenario import Scenario

from .axes import Axis, Cell, cross, read_axes
from .definition import Study
from .notes import read_notes

_STUDY_KEYS = ("name", "seeds", "base", "arms", "axes", "published", "hindsight")


def load_study(path: Path, overrides: Sequence[str] = (), base: Path | None = None) -> Study:
    """The study of a YAML file: `name`, `seeds`, `base` (a mapping or a file), `arms`, `axes`.

    An arm is a mapping from dotted paths to values that it sets in the base; `axes`
    (sim.study.axes) cross every arm, or the base alone. `published` and `hindsight` are for
    the table (sim.study.notes). Overrides are set in every run; a `base` file replaces
    the study's own. Each resulting scenario is checked whole. Raises ScenarioError.
    """
    mapping = read_yaml(path)
    for key in mapping:
        if key not in _STUDY_KEYS:
            raise ScenarioError(
                f"{path}: {key} is not a known key; known: {', '.join(_STUDY_KEYS)}"
            )
    name = mapping.get("name", path.stem)
    if not isinstance(name, str) or Path(name).name != name or name in ("", ".", ".."):
        raise ScenarioError(f"{path}: name must be text that can name a directory, got {name!r}")
    try:
        axes = read_axes(mapping["axes"]) if "axes" in mapping else ()
    except ValueError as error:
        raise ScenarioError(f"{path}: {error}") from None
    seeds = _seeds(path, mapping.get("seeds", [0]))
    content = read_yaml(base) if base else _base(path, mapping.get("base", {}))
    arms = _arms(path, mapping, axes)
    study = expand(str(path), name, content, arms, axes, seeds, overrides)
    try:
        notes = read_notes(mapping, [arm.name for arm in study.arms])
    except ValueError as error:
        raise ScenarioError(f"{path}: {error}") from None
    return replace(study, notes=notes)


def expand(
    where: str,
    name: str,
    base: Mapping[str, Any],
    arms: Mapping[str, Mapping[str, Any]],
    axes: Sequence[Axis],
    seeds: tuple[int, ...],
    overrides: Sequence[str] = (),
) -> Study:
    """The study of a base mapping: every arm at every point of the axes, checked.

    Raises ScenarioError, which begins with `where` and the run.
    """
    for text in overrides:
        _refuse_axis(where, text, axes)
    cells = list(cross(arms, axes))
    scenarios = [_scenario(where, base, cell, overrides) for cell in cells]
    _refuse_twins(where, scenarios)
    return Study(
        name=name,
        arms=tuple(scenarios),
        seeds=seeds,
        axes={axis.name: axis.paths for axis in axes},
        coordinates=tuple(cell.coordinates for cell in cells),
    )


def _base(path: Path, base: Any) -> dict[str, Any]:
    if isinstance(base, str):
        try:
            base = read_yaml(path.parent / base)
        except ScenarioError as error:
            raise ScenarioError(f"{path}: base: {error}") from None
    if not isinstance(base, dict):
        raise ScenarioError(f"{path}: base must be a mapping or a file, got {base!r}")
    return base


def _arms(
    path: Path, mapping: Mapping[str, Any], axes: Sequence[Axis]
) -> dict[str, dict[str, Any]]:
    if "arms" not in mapping and axes:
        return {}
    arms = mapping.get("arms")
    if not isinstance(arms, dict) or not arms:
        raise ScenarioError(f"{path}: arms must be a mapping with at least one arm, got {arms!r}")
    for arm, changes in arms.items():
        if not isinstance(changes, dict | None):
            raise ScenarioError(f"{path}: arms.{arm} must be a mapping, got {changes!r}")
    return {str(arm): changes or {} for arm, changes in arms.items()}


def _refuse_axis(where: str, override: str, axes: Sequence[Axis]) -> None:
    """An override would flatten an axis that sets the same key."""
    key = override.partition("=")[0].strip()
    for axis in axes:
        if key in axis.paths:
            raise ScenarioError(f"{where}: --set {override}: {key} is set by axes.{axis.name}")


def _refuse_twins(where: str, arms: Sequence[Scenario]) -> None:
    """Arms that differ in nothing but the spelling of their names would share a directory."""
    seen: dict[Path, str] = {}
    for arm in arms:
        place = run_directory(Path(), arm, 0)
        if place in seen:
            raise ScenarioError(
                f"{where}: arms must differ in more than the spelling of their names, "
                f"got {seen[place]!r} and {arm.name!r}"
            )
        seen[place] = arm.name


def _seeds(path: Path, seeds: Any) -> tuple[int, ...]:
    is_list = isinstance(seeds, list) and bool(seeds)
    if not is_list or not all(type(seed) is int and seed >= 0 for seed in seeds):
        raise ScenarioError(f"{path}: seeds must be a list of whole numbers from 0, got {seeds!r}")
    if len(set(seeds)) < len(seeds):
        raise ScenarioError(f"{path}: seeds must differ, got {seeds!r}")
    return tuple(seeds)


def _scenario(
    study: str, base: Mapping[str, Any], cell: Cell, overrides: Sequence[str]
) -> Scenario:
    where = f"{study}: {cell.name if cell.coordinates else f'arms.{cell.name}'}"
    mapping = deepcopy(dict(base)) | {"name": cell.name}
    try:
        presets_first = sorted(cell.changes.items(), key=lambda change: change[0] != "preset")
        for key, value in presets_first:
            set_path(mapping, str(key), deepcopy(value))
    except ScenarioError as error:
        raise ScenarioError(f"{where}: {error}") from None
    for text in overrides:
        apply_override(mapping, text)
    scenario = parse_scenario(mapping, where)
    try:
        check_scenario(scenario)
    except ValueError as error:
        raise ScenarioError(f"{where}: {error}") from None
    return scenario
