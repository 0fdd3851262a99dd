"""Studies from YAML: one base, arms that change it, seeds."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from .checks import check_scenario
from .run_directory import run_directory
from .scenario import Scenario, Study
from .scenario_file import (
    ScenarioError,
    apply_override,
    parse_scenario,
    read_yaml,
    set_path,
)

_STUDY_KEYS = ("name", "seeds", "base", "arms")


def load_study(path: Path, overrides: Sequence[str] = ()) -> Study:
    """The study of a YAML file: `name`, `seeds`, `base` (a mapping or a file) and `arms`.

    An arm is a mapping from dotted paths to values that it sets in the base; overrides are set in
    every arm. Raises ScenarioError.
    """
    mapping = read_yaml(path)
    for key in mapping:
        if key not in _STUDY_KEYS:
            raise ScenarioError(
                f"{path}: {key} is not a known key; known: {', '.join(_STUDY_KEYS)}"
            )
    base = mapping.get("base", {})
    if isinstance(base, str):
        try:
            base = read_yaml(path.parent / base)
        except ScenarioError as error:
            raise ScenarioError(f"{path}: base: {error}") from None
    if not isinstance(base, dict):
        raise ScenarioError(f"{path}: base must be a mapping or a file, got {base!r}")
    arms = mapping.get("arms")
    if not isinstance(arms, dict) or not arms:
        raise ScenarioError(f"{path}: arms must be a mapping with at least one arm, got {arms!r}")
    name = mapping.get("name", path.stem)
    if not isinstance(name, str) or Path(name).name != name or name in ("", ".", ".."):
        raise ScenarioError(f"{path}: name must be text that can name a directory, got {name!r}")
    scenarios = [_arm(path, base, arm, changes, overrides) for arm, changes in arms.items()]
    _refuse_twins(path, scenarios)
    return Study(name=name, arms=tuple(scenarios), seeds=_seeds(path, mapping.get("seeds", [0])))


def _refuse_twins(path: Path, arms: Sequence[Scenario]) -> None:
    """Arms that differ in nothing but the spelling of their names would share a directory."""
    seen: dict[Path, str] = {}
    for arm in arms:
        place = run_directory(Path(), arm, 0)
        if place in seen:
            raise ScenarioError(
                f"{path}: arms must differ in more than the spelling of their names, "
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


def _arm(
    path: Path, base: dict[str, Any], arm: Any, changes: Any, overrides: Sequence[str]
) -> Scenario:
    where = f"{path}: arms.{arm}"
    if not isinstance(changes, dict | None):
        raise ScenarioError(f"{where} must be a mapping, got {changes!r}")
    mapping = deepcopy(base) | {"name": str(arm)}
    for key, value in (changes or {}).items():
        try:
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
