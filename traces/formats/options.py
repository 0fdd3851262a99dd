"""Options of a reader, converted to the types that its `read` function declares."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Between:
    """The range of a number, both ends included."""

    low: float
    high: float


class OptionError(ValueError):
    """An option that a reader does not have, or a value that it cannot take."""


Seconds = Annotated[float, Between(1e-9, 1e12)]
"""A duration above 0."""


def names(read: Callable[..., object]) -> tuple[str, ...]:
    """The options that a reader takes."""
    return tuple(name for name in inspect.signature(read).parameters if name != "source")


def converted(read: Callable[..., object], given: Mapping[str, object]) -> dict[str, Any]:
    """The options given, each in the type that `read` declares for it.

    Values come from a command line (text) or from YAML (text, numbers, booleans, null). Raises
    OptionError for an unknown option or a value of another kind, with the rule.
    """
    kinds = inspect.signature(read, eval_str=True).parameters
    known = names(read)
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            has = ", ".join(known) or "none"
            raise OptionError(f"no such option: {name[:40]!r}; {hint}its options: {has}")
    return {
        name: _value(name, kinds[name].annotation, value)
        for name, value in given.items()
        if value is not None
    }


def _value(name: str, kind: Any, value: object) -> object:
    kind = _without_none(kind)
    limits = None
    if get_origin(kind) is Annotated:
        kind, limits = get_args(kind)
    if get_origin(kind) is Literal:
        return _choice(name, get_args(kind), value)
    if kind is bool:
        return _boolean(name, value)
    if kind is float:
        return _number(name, limits, value)
    return _text(name, value)


def _without_none(kind: Any) -> Any:
    if get_origin(kind) is Annotated or NoneType not in get_args(kind):
        return kind
    (only,) = (one for one in get_args(kind) if one is not NoneType)
    return only


def _choice(name: str, choices: tuple[str, ...], value: object) -> str:
    text = _text(name, value)
    if text not in choices:
        raise OptionError(f"option {name} must be one of {', '.join(choices)}, got {text[:40]!r}")
    return text


def _boolean(name: str, value: object) -> bool:
    text = str(value).lower().removesuffix(".0")
    if text not in _TRUE + _FALSE:
        raise OptionError(f"option {name} must be true or false, got {str(value)[:40]!r}")
    return text in _TRUE


def _number(name: str, limits: Between | None, value: object) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError
        number = float(value)
    except (ValueError, OverflowError):
        got = str(value)[:40]
        raise OptionError(f"option {name} must be a number, got {got!r}") from None
    low, high = (limits.low, limits.high) if limits else (-math.inf, math.inf)
    if not (math.isfinite(number) and low <= number <= high):
        raise OptionError(f"option {name} must be a number in {low:g}..{high:g}, got {number:g}")
    return number


def _text(name: str, value: object) -> str:
    """Text; a number as it is written, so that column 0 may be given as 0 or 0.0."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise OptionError(f"option {name} must be text, got {str(value)[:40]!r}")
    return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)
