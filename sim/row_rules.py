"""Checks a decoded row of a log: its kind, its keys, and the type of each value."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from types import NoneType
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from .records import Row

_MOST = 2**63 - 1
"""The largest integer that a table holds."""


class _Config:
    """Stands for learner.spec.TuningConfig and learner.plan, which this module must not import."""


class _Rule(NamedTuple):
    """What the value of a key must be, in words and as a test."""

    key: str
    is_required: bool
    word: str
    is_met: Callable[[Any], bool]


def fault(row: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a decoded row, as "KEY must be ..., got ..."; None for a sound row.

    Keys that no field has are left alone, as are keys with a default that older versions lack.
    """
    rules = _rules().get(row.get("row", ""))
    if rules is None:
        return f"row must be one of {', '.join(_rules())}, got {_shown(row.get('row'))}"
    for rule in rules:
        if rule.key not in row:
            if rule.is_required:
                return f"key '{rule.key}' is missing"
        elif not rule.is_met(row[rule.key]):
            return f"{rule.key} must be {rule.word}, got {_shown(row[rule.key])}"
    return None


def is_number(value: Any) -> bool:
    """Whether a decoded JSON value is a finite number; `true` is none."""
    return (type(value) is float and math.isfinite(value)) or is_integer(value)


def is_integer(value: Any) -> bool:
    """Whether a decoded JSON value is an integer of at most 64 bits; `true` is none."""
    return type(value) is int and -_MOST <= value <= _MOST


def is_text(value: Any) -> bool:
    return type(value) is str


_CONFIGS = ("TuningConfig", "Tiers", "Shares")


@cache
def _rules() -> dict[str, tuple[_Rule, ...]]:
    """The rules of each kind of row."""
    named = vars(sys.modules[get_args(Row)[0].__module__]) | dict.fromkeys(_CONFIGS, _Config)
    return {kind.row: _rules_of(kind, get_type_hints(kind, named)) for kind in get_args(Row)}


def _rules_of(kind: Any, hints: Mapping[str, Any]) -> tuple[_Rule, ...]:
    return tuple(
        _Rule(field.name, field.default is MISSING, *_test(hints[field.name]))
        for field in fields(kind)
    )


def _test(hint: Any) -> tuple[str, Callable[[Any], bool]]:
    """The words for a type, and whether a decoded JSON value is of it."""
    if get_origin(hint) is Literal:
        words = get_args(hint)
        return f"one of {', '.join(words)}", lambda value: is_text(value) and value in words
    if get_origin(hint) is tuple:
        return (
            "a list of integers",
            lambda value: type(value) is list and all(map(is_integer, value)),
        )
    if NoneType in get_args(hint):
        (of,) = (one for one in get_args(hint) if one is not NoneType)
        word, is_met = _test(of)
        return f"{word} or null", lambda value: value is None or is_met(value)
    if get_origin(hint) is not None:
        _, of = get_args(hint)
        word, is_met = _SCALARS[of]
        return (
            f"a mapping of names to {word}s",
            lambda value: type(value) is dict and all(map(is_met, value.values())),
        )
    word, is_met = _SCALARS[hint]
    return _with_article(word), is_met


def _with_article(word: str) -> str:
    return word if word == "text" else f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _is_config(value: Any) -> bool:
    """Whether a value is a tuning configuration: its kind, and its sizes by name."""
    return (
        type(value) is dict
        and is_text(value.get("kind"))
        and all(is_integer(value[key]) for key in ("depth", "width", "rank") if key in value)
    )


_SCALARS: dict[Any, tuple[str, Callable[[Any], bool]]] = {
    float: ("finite number", is_number),
    int: ("integer", is_integer),
    str: ("text", is_text),
    _Config: ("tuning configuration with its kind", _is_config),
}


def _shown(value: Any) -> str:
    return f"{value!r:.40}"
