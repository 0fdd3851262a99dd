"""Scenarios from YAML and back: one clear line for whatever is wrong with one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from .errors import explain, find_missing_kind
from .presets import PRESETS, lay_preset, with_preset, with_start_kind
from .scenario import Scenario


class ScenarioError(ValueError):
    """What is wrong, in one line: file, key path, rule, value."""


class _Loader(yaml.SafeLoader):
    """YAML with duplicate keys refused and 4e-3 read as the number it is."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise ScenarioError(f"line {line}: {key!r} must stand once, got it twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def load_scenario(path: Path, overrides: Sequence[str] = ()) -> Scenario:
    """The scenario of a YAML file with `a.b=c` overrides applied. Raises ScenarioError."""
    mapping = read_yaml(path)
    for text in overrides:
        apply_override(mapping, text)
    return parse_scenario(mapping, str(path))


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises ScenarioError naming the file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: must be UTF-8 text") from None
    try:
        value = parse_yaml(text)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None
    if not isinstance(value, dict):
        raise ScenarioError(f"{path}: must hold a mapping of keys, got {type(value).__name__}")
    return value


def parse_yaml(text: str) -> Any:
    """The value of a YAML text. Raises ScenarioError naming the line."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioError(f"line {line}: is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ScenarioError(f"is not YAML: {' '.join(str(error).split())}") from None
    except TypeError:
        raise ScenarioError("keys must be text") from None
    except RecursionError:
        raise ScenarioError("is nested too deeply") from None


def apply_override(mapping: dict[str, Any], text: str) -> None:
    """Apply `a.b=c` (c is YAML). Raises ScenarioError for a text of another form."""
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise ScenarioError(f"--set {text}: must be of the form key.path=value")
    try:
        set_path(mapping, path.strip(), parse_yaml(value))
    except ScenarioError as error:
        raise ScenarioError(f"--set {text}: {error}") from None


def set_path(mapping: dict[str, Any], path: str, value: Any) -> None:
    """Set a dotted path, making the mappings on the way; the schema judges the result. A preset
    replaces what the mapping says of its keys."""
    if path == "preset":
        lay_preset(mapping, value)
        return
    *parents, last = path.split(".")
    for parent in parents:
        mapping = mapping.setdefault(parent, {})
        if not isinstance(mapping, dict):
            raise ScenarioError(f"{path}: {parent} must be a mapping to set a key in it")
    mapping[last] = value


def parse_scenario(mapping: Mapping[str, Any], where: str) -> Scenario:
    """Validate a mapping. Raises ScenarioError: `where`, key path, rule and value in one line."""
    try:
        mapping = with_start_kind(with_preset(mapping))
        text = json.dumps(mapping)
    except (TypeError, ValueError) as error:
        raise ScenarioError(f"{where}: {error}") from None
    if complaint := find_missing_kind(mapping, json_schema()):
        raise ScenarioError(f"{where}: {complaint}")
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        raise ScenarioError(f"{where}: {explain(error, mapping, json_schema())}") from None


def dump_scenario(scenario: Scenario) -> dict[str, Any]:
    """The resolved scenario as plain mappings and lists, every default written out."""
    plain: dict[str, Any] = _adapter().dump_python(scenario, mode="json")
    return plain


def as_yaml(scenario: Scenario) -> str:
    """The resolved scenario as a YAML text that reads back to the same scenario."""
    return yaml.safe_dump(dump_scenario(scenario), sort_keys=False, allow_unicode=True)


def digest(scenario: Scenario) -> str:
    """Names the numbers a scenario determines: all of it but its name. Fields come in the order of
    their classes; that of `fleet.devices` counts, since clients get their devices in it."""
    content = {key: value for key, value in dump_scenario(scenario).items() if key != "name"}
    task = content["task"]
    content["task"] = {k: v for k, v in task.items() if _ADDED_TO_TASKS.get(k, ...) != v}
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


_ADDED_TO_TASKS = {"delimiter": None, "quoting": None, "header": True}
"""Keys that came after the first runs: their defaults leave a scenario's digest as it was."""


@cache
def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario, for editors."""
    schema = _adapter().json_schema()
    schema["properties"]["preset"] = {"enum": list(PRESETS), "title": "Preset"}
    schema["required"].remove("configurator")  # a preset brings its own
    return schema


@cache
def _adapter() -> TypeAdapter[Scenario]:
    """Strict everywhere: dataclasses nested in the scenario take this configuration."""
    Scenario.__pydantic_config__ = ConfigDict(  # type: ignore[attr-defined]
        extra="forbid", strict=True, allow_inf_nan=False
    )
    return TypeAdapter(Scenario)
