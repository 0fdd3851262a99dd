"""Decodes lines of one kind of row into typed columns, without JSON where possible."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from io import BytesIO
from typing import Any

import polars as pl
import polars.selectors as cs
from polars.exceptions import PolarsError

from sim.records import Row

CONFIG = pl.Struct({"kind": pl.String, "depth": pl.Int64, "width": pl.Int64, "rank": pl.Int64})
"""A tuning configuration; a field that its kind does not have is null."""

COLUMN_TYPES: dict[str, Any] = {
    "float": pl.Float64(),
    "int": pl.Int64(),
    "bool": pl.Boolean(),
    "tuple[int, ...]": pl.List(pl.Int64),
    "TuningConfig": CONFIG,
}
"""Column type by the annotation of a field; any other annotation is text."""

_WORD = re.compile(r"'([a-z]+)'")
"""A word of a Literal annotation."""

_COMMAS: Any = {"separator": ",", "quote_char": None, "has_header": False, "glob": False}


def column_types(kind: type[Row], names: Iterable[str] = ()) -> pl.Schema:
    """Return the types of the named columns, by default of all columns of a kind of row.

    A field with a Literal annotation becomes an Enum: 1 byte per value instead of 16.
    """
    annotations = {field.name: str(field.type) for field in fields(kind)}
    return pl.Schema({name: _type(annotations[name]) for name in names or annotations})


def decode(lines: bytes, kind: type[Row], types: pl.Schema) -> pl.DataFrame:
    """Decode complete lines of one kind of row; a field that a line lacks is null.

    Raises PolarsError for a line that a run does not write.
    """
    if all(_is_coded(type_) or type_.is_numeric() for type_ in types.values()):
        found = _in_place(lines, kind, types)
        if found is not None:
            return found
    plain = {name: pl.String() if _is_coded(t) else t for name, t in types.items()}
    return pl.scan_ndjson(BytesIO(lines), schema=plain).cast(types).collect()


def _in_place(lines: bytes, kind: type[Row], types: pl.Schema) -> pl.DataFrame | None:
    """Split lines at their commas, as written by sim.records.fields_as_json: twice as fast as JSON.

    Returns None if a line has another layout; the caller then parses JSON.
    """
    names = ["row", *(field.name for field in fields(kind))]
    texts = pl.scan_csv(lines, schema=dict.fromkeys(names, pl.String()), **_COMMAS)
    try:
        found = texts.select(_value(name, type_) for name, type_ in types.items()).collect()
    except PolarsError:
        return None
    are_finite = found.select(cs.float().is_finite().all()).rows()
    return found if all(map(all, are_finite)) else None  # JSON has no inf or nan


def _value(name: str, type_: Any) -> pl.Expr:
    """The value after the key of the field; casting fails if another key is there."""
    quote = '"' if _is_coded(type_) else ""
    text = pl.col(name).str.strip_prefix(f'"{name}":{quote}')
    return (text.str.strip_suffix(quote) if quote else text).cast(type_)


def _is_coded(type_: Any) -> bool:
    return isinstance(type_, pl.Enum)


def _type(annotation: str) -> Any:
    words = _WORD.findall(annotation)
    plain = COLUMN_TYPES.get(annotation.removesuffix(" | None"), pl.String())
    return pl.Enum(words) if words else plain
