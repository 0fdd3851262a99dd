"""Own: a configurator of the user's, named by its module, its class and its values.

In YAML and on the command line: `configurator: "module:Class(name=value, ...)"`, or the same as a
mapping: `configurator: {kind: own, policy: "module:Class", values: {name: value}}`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from learner.ranges import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A configurator that this project does not ship (docs/write-a-configurator.md).

    `policy`: its class, as `module:Class`. `values`: its fields by name. null: the values of an
    object that a program passed to run_scenario could not be written down, and only that program
    can make it again.
    """

    kind: Literal["own"] = "own"
    policy: str
    values: Mapping[str, Any] | None = field(default_factory=dict)

    def __post_init__(self) -> None:
        module, colon, name = self.policy.partition(":")
        require(
            bool(module and colon and name),
            f"policy must be of the form module:Class, got {self.policy!r}",
        )
        for name, value in (self.values or {}).items():
            require(_is_finite(value), f"values.{name} must be finite, since it is kept as JSON")


def with_own_configurator(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mapping with a configurator written as `module:Class(name=value)` as a mapping.

    Raises ValueError if the text has another form.
    """
    text = mapping.get("configurator")
    if not isinstance(text, str) or ":" not in text:
        return mapping
    module, _, call = text.strip().partition(":")
    try:
        name, values = _parse(call)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise ValueError(
            "configurator must be of the form module:Class(name=value, ...) with plain values, "
            f"got {text}"
        ) from None
    return {**mapping, "configurator": {"kind": "own", "policy": f"{module}:{name}"} | values}


def _parse(call: str) -> tuple[str, dict[str, Any]]:
    """The class of `Class` or `Class(name=value)`, and its values if it has any.

    Values are Python literals. Raises ValueError or SyntaxError for anything else.
    """
    node = ast.parse(call, mode="eval").body
    if not isinstance(node, ast.Call):
        return ast.unparse(_name(node)), {}
    if node.args or any(keyword.arg is None for keyword in node.keywords):
        raise ValueError("values must be named")
    values = {str(one.arg): ast.literal_eval(one.value) for one in node.keywords}
    if len(values) < len(node.keywords):
        raise ValueError("a value is named twice")
    return ast.unparse(_name(node.func)), {"values": values}


def _is_finite(value: object) -> bool:
    """Whether all numbers in a plain value are finite."""
    if isinstance(value, Mapping):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or isfinite(value)


def _name(node: ast.expr) -> ast.expr:
    if not isinstance(node, ast.Name | ast.Attribute):
        raise ValueError("must be a name")
    return node
