"""What the functions of this package accept: files or mappings, and changes of dotted keys."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.scenario.file import (
    ScenarioError,
    apply_override,
    dump_scenario,
    load_scenario,
    parse_scenario,
)
from sim.scenario.scenario import Scenario
from sim.study.definition import Study
from sim.study.file import load_study, parse_study

ScenarioSource = str | Path | Mapping[str, Any] | Scenario
"""A scenario file, the same content as a mapping, or a loaded scenario."""

StudySource = str | Path | Mapping[str, Any]
"""A study file, or the same content as a mapping."""

Changes = Mapping[str, Any]
"""New values by dotted key path, as in `--set`: {"rounds.deadline_s": 10}."""


def scenario_of(source: ScenarioSource, changes: Changes) -> Scenario:
    """The scenario with the changes. Raises ScenarioError."""
    texts = overrides(changes)
    if isinstance(source, str | Path):
        return load_scenario(source, texts)
    mapping = dump_scenario(source) if isinstance(source, Scenario) else plain("scenario", source)
    for text in texts:
        apply_override(mapping, text)
    return parse_scenario(mapping, "scenario")


def study_of(source: StudySource, changes: Changes) -> Study:
    """The study with the changes in every run. Raises ScenarioError."""
    if isinstance(source, str | Path):
        return load_study(source, overrides(changes))
    return parse_study(plain("study", source), overrides=overrides(changes))


def overrides(changes: Changes) -> list[str]:
    """Changes in the form of `--set`.

    >>> overrides({"rounds.deadline_s": 10, "fleet.devices": {"jetson-tx2": 1}})
    ['rounds.deadline_s=10', 'fleet.devices={"jetson-tx2": 1}']
    """
    return [
        f"{key}={json.dumps(plain(key, value), ensure_ascii=False)}"
        for key, value in changes.items()
    ]


def plain(where: str, value: Any) -> Any:
    """A copy of a value as plain data; numpy's numbers, ranges and paths are converted.

    Raises ScenarioError for a value that a scenario file cannot hold.
    """
    try:
        return json.loads(json.dumps(value, default=_plain, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ScenarioError(f"{where}: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    if hasattr(value, "tolist"):  # numpy's arrays and numbers
        return value.tolist()
    raise TypeError(f"must be a number, text, list or mapping, got {value!r:.80}")
