"""Writes the rows of a run's log as lines of JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import cache, lru_cache
from typing import Any, cast

from .records import FrequentRow, Row


def as_json(row: Row) -> str:
    """The row as one line of JSON: keys in field order, floats in their shortest exact form.

    A field that is None is left out.
    """
    values = {name: value for name, value in as_fields(row).items() if value is not None}
    if isinstance(row, FrequentRow):
        return fields_as_json(type(row), values)
    return _ENCODER.encode({"row": row.row} | values)


def fields_as_json(kind: type[FrequentRow], values: dict[str, Any]) -> str:
    """The line that as_json writes for a row with these fields, three times as fast.

    A field that is None must be missing from `values`, in which strings are replaced by their
    quoted form.
    """
    template, texts = _line_template(cast(Any, kind), tuple(values))
    for name in texts:
        values[name] = _quoted(values[name])
    return template % values


@cache
def _line_template(kind: Any, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """A format string for the lines of a kind with these fields, and the names of the strings."""
    types = {f.name: str(f.type).removesuffix(" | None") for f in fields(kind) if f.name in names}
    texts = tuple(name for name, type_ in types.items() if type_ not in ("int", "float"))
    slots = (f'"{name}":%({name}){"s" if name in texts else "r"}' for name in types)
    return f'{{"row":"{kind.row}",{",".join(slots)}}}', texts


_quoted = lru_cache(maxsize=4096)(json.dumps)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def as_fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass, such as a row or a tuning configuration, in their order."""
    kind: Any = type(value)
    return {name: getattr(value, name) for name in _names(kind)}


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=as_fields)
