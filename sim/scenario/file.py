"""Reads scenarios from YAML and writes them; computes the digest and the JSON Schema.

An invalid scenario raises ScenarioError with a message of one line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from .errors import explain, find_kind_error
from .own import with_own_configurator
from .paths import resolve_paths
from .presets import PRESETS, apply_preset, with_preset, with_start_kind
from .scenario import Scenario
from .yaml_text import ScenarioError as ScenarioError
from .yaml_text import naming as naming
from .yaml_text import parse_yaml as parse_yaml
from .yaml_text import read_yaml

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def load_scenario(path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Read a scenario from a YAML file and apply overrides of the form `a.b=c`.

    Relative paths in the file are those of its folder, then of the working directory; in overrides
    the working directory comes first. Raises ScenarioError.
    """
    path = Path(path)
    mapping = read_scenario(path)
    for text in overrides:
        apply_override(mapping, text, path.parent)
    return parse_scenario(mapping, str(path))


def read_scenario(path: Path) -> dict[str, Any]:
    """The mapping of a scenario file, with its paths resolved. Raises ScenarioError."""
    mapping = read_yaml(path)
    if mapping.keys() & _STUDY_KEYS and not mapping.keys() & _SCENARIO_KEYS:
        raise ScenarioError(
            f"{path}: is a study, not a scenario; `fedadapter study {path}` runs it, and "
            "--dry-run checks it"
        )
    resolved: dict[str, Any] = resolve_paths(mapping, path.parent)
    return resolved


def refuse_scenario(path: Path, mapping: Mapping[str, Any]) -> None:
    """Raise ScenarioError if the mapping of a study file is that of a scenario."""
    if mapping.keys() & _SCENARIO_KEYS and not mapping.keys() & _STUDY_KEYS:
        raise ScenarioError(
            f"{path}: is a scenario, not a study; `fedadapter run {path}` runs it, and validate "
            "checks it"
        )


_STUDY_KEYS = frozenset({"base", "arms", "axes", "seeds"})
_SCENARIO_KEYS = frozenset({"fleet", "task", "partition", "configurator"})


def apply_override(mapping: dict[str, Any], text: str, folder: Path = Path()) -> None:
    """Set the key path a.b to c, given as the text `a.b=c` with c in YAML.

    folder: where a path is looked for that is not in the working directory. Raises ScenarioError if
    the text has another form.
    """
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise ScenarioError(f"--set {text}: must be of the form key.path=value")
    with naming(f"--set {text}"):
        key = path.strip()
        set_path(mapping, key, resolve_paths(parse_yaml(value), folder, key, local_first=True))


def set_path(mapping: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted key path, and create missing mappings on the way.

    The path `preset` overwrites the keys of that preset. Whether keys and values are valid is left
    to parse_scenario. Raises ScenarioError if the path leads through a value that is no mapping.
    """
    if path == "preset":
        apply_preset(mapping, value)
        return
    *parents, last = path.split(".")
    for parent in parents:
        mapping = mapping.setdefault(parent, {})
        if not isinstance(mapping, dict):
            raise ScenarioError(f"{path}: {parent} must be a mapping to set a key in it")
    mapping[last] = value


def parse_scenario(mapping: Mapping[str, Any], where: str) -> Scenario:
    """The scenario of a mapping. Raises ScenarioError, whose message begins with `where`."""
    try:
        mapping = with_start_kind(with_own_configurator(with_preset(mapping)))
        text = json.dumps(mapping)
    except (TypeError, ValueError) as error:
        raise ScenarioError(f"{where}: {error}") from None
    if message := find_kind_error(mapping, json_schema()):
        raise ScenarioError(f"{where}: {message}")
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        raise ScenarioError(f"{where}: {explain(error, mapping, json_schema())}") from None


def dump_scenario(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain mappings and lists, with every default written out."""
    plain: dict[str, Any] = _adapter().dump_python(scenario, mode="json")
    return plain


def as_yaml(scenario: Scenario) -> str:
    """The scenario as YAML with every default written out; reads back to an equal scenario."""
    return yaml.safe_dump(dump_scenario(scenario), sort_keys=False, allow_unicode=True)


def digest(scenario: Scenario) -> str:
    """32 hex digits of all fields but the name. Equal digests mean equal numbers.

    The order of the keys in `fleet.devices` counts, since clients get their devices in that order.
    """
    content = {key: value for key, value in dump_scenario(scenario).items() if key != "name"}
    for path, added in _ADDED.items():
        part: Any = content
        for name in path.split("."):
            part = part[name] or {}
        for key in [key for key, default in added.items() if part.get(key, ...) == default]:
            del part[key]
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


_ADDED: Mapping[str, Mapping[str, Any]] = {
    "task": {"delimiter": None, "quoting": None, "header": True, "label_na": "refuse"},
    "fleet": {"capacities": None, "assign": "by-share"},
    "fleet.network": {"rate_scale": 1.0, "outages": None, "transport": {"kind": "fluid"}},
}
"""Keys that version 0.1.0 did not have, with what it did. The digest leaves these values out."""


@cache
def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario, for editors."""
    schema = {"$schema": SCHEMA_DIALECT, **_adapter().json_schema()}
    schema["properties"]["preset"] = {"enum": list(PRESETS), "title": "Preset"}
    schema["required"].remove("configurator")  # a preset may set it
    return schema


@cache
def _adapter() -> TypeAdapter[Scenario]:
    """Validates scenarios. Nested dataclasses inherit this configuration: no unknown keys."""
    Scenario.__pydantic_config__ = ConfigDict(  # type: ignore[attr-defined]
        extra="forbid", strict=True, allow_inf_nan=False
    )
    return TypeAdapter(Scenario)
