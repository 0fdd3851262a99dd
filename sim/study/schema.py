"""The JSON Schema of study files, for editors."""

from __future__ import annotations

from typing import Any

from sim.scenario.file import SCHEMA_DIALECT

_CHANGES: dict[str, Any] = {
    "type": ["object", "null"],
    "description": "Dotted key paths of the scenario, and the values to set.",
}
_VALUES: dict[str, Any] = {"type": "array", "minItems": 1}
_PATH: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
    ]
}
_LOG: dict[str, Any] = {
    "type": "object",
    "required": ["from", "to", "points"],
    "additionalProperties": False,
    "properties": {
        "from": {"type": "number", "exclusiveMinimum": 0},
        "to": {"type": "number", "exclusiveMinimum": 0},
        "points": {"type": "integer", "minimum": 2},
    },
}
_AXIS: dict[str, Any] = {
    "anyOf": [
        _VALUES,
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "path": _PATH,
                "values": _VALUES,
                "log": _LOG,
                "zip": {"type": "object", "minProperties": 2, "additionalProperties": _VALUES},
                "variants": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": _CHANGES,
                },
            },
            "oneOf": [{"required": [form]} for form in ("values", "log", "zip", "variants")],
        },
    ]
}
_ROW: dict[str, Any] = {
    "type": "object",
    "required": ["targets", "hours", "reason"],
    "additionalProperties": False,
    "properties": {
        "targets": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        },
        "hours": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "number", "exclusiveMinimum": 0},
        },
        "reason": {"type": "string"},
    },
}


def study_schema() -> dict[str, Any]:
    """Return the JSON Schema of a study file (sim.study.file reads it).

    It has the keys, their types and their smallest values; what depends on other keys, such as
    whether an arm's scenario is valid, is checked when the study is read.
    """
    return {
        "$schema": SCHEMA_DIALECT,
        "title": "Study",
        "type": "object",
        "additionalProperties": False,
        "anyOf": [{"required": ["arms"]}, {"required": ["axes"]}],
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "seeds": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "integer", "minimum": 0},
                "default": [0],
            },
            "base": {
                "anyOf": [{"type": "object"}, {"type": "string", "minLength": 1}],
                "description": "A scenario, or the path of a scenario file beside the study.",
            },
            "arms": {"type": "object", "minProperties": 1, "additionalProperties": _CHANGES},
            "axes": {"type": "object", "additionalProperties": _AXIS},
            "published": {
                "type": "object",
                "required": ["source", "rows"],
                "additionalProperties": False,
                "properties": {
                    "source": {"type": "string"},
                    "rows": {"type": "object", "additionalProperties": _ROW},
                },
            },
            "hindsight": {"type": "object", "additionalProperties": _VALUES},
        },
    }
