"""Turns validation errors of a scenario into one line: key path, rule and value."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

_EXPECTED = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "dataclass_type": "must be a mapping of keys",
    "dict_type": "must be a mapping of keys",
    "model_attributes_type": "must be a mapping of keys",
    "tuple_type": "must be a list",
}


def explain(error: ValidationError, data: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """The message for the first of pydantic's errors that concerns what the user wrote.

    `data`: the mapping that was validated. `schema`: the JSON Schema of a scenario.
    """
    details = [d for d in error.errors() if _concerns_written_kind(d["loc"], data)]
    unknown = [d for d in details if d["type"] == "unexpected_keyword_argument"]
    # A misspelt key is also reported as a missing key; the misspelling is the cause.
    detail = (unknown or details or error.errors())[0]
    return _line(detail, data, schema)


def _line(detail: Mapping[str, Any], data: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    parts = _written_path(detail["loc"], data)
    path, got, kind = ".".join(parts), detail["input"], detail["type"]
    if kind == "unexpected_keyword_argument":
        return f"{path} is not a known key{_nearest(parts, data, schema)}"
    if kind == "missing":
        return f"{path} is missing"
    if kind == "value_error":
        text = str(detail["ctx"]["error"])
        return f"{path}.{text}" if path else text
    if kind == "literal_error":
        rule = "must be " + detail["ctx"]["expected"].replace("'", "")
    else:
        rule = _EXPECTED.get(kind, detail["msg"])
    return f"{path} {rule}, got {json.dumps(got)}"


def _concerns_written_kind(loc: Sequence[int | str], data: Any) -> bool:
    """Whether an error belongs to the union member that the user chose by `kind`.

    For unions without a discriminator, pydantic reports errors of every member, by class name.
    """
    here: Any = data
    for part in loc:
        if _is_in(part, here):
            here = here[part]
        elif isinstance(here, Mapping) and isinstance(part, str) and part[:1].isupper():
            written = here.get("kind")
            if written is not None and part.lower() != str(written).lower():
                return False
    return True


def _written_path(loc: Sequence[int | str], data: Any) -> list[str]:
    """The keys of the path as the user wrote them, without pydantic's names of union members."""
    here, path, tagged = data, list[str](), None
    for i, part in enumerate(loc):
        if here is not tagged and isinstance(here, Mapping):
            tagged = here  # the member of a union by kind stands before the member's own keys
            if here.get("kind") == part and not (i and str(loc[i - 1])[:1].isupper()):
                continue
        is_written = _is_in(part, here)
        if is_written:
            here = here[part]
        if (
            is_written
            or isinstance(part, int)
            or (i == len(loc) - 1 and not _is_member(part, here))
        ):
            path.append(str(part))
    return path


def _is_in(part: int | str, here: Any) -> bool:
    """Whether a part of a location is a key or index of the written value `here`."""
    if isinstance(here, list):
        return isinstance(part, int) and part < len(here)
    return isinstance(here, Mapping) and part in here


def _is_member(part: int | str, here: Any) -> bool:
    """Whether a part of a location is the name of a union member, not a key."""
    if not isinstance(part, str):
        return False
    if part in ("str", "int"):  # members that are plain types
        return True
    return part[:1].isupper() or (isinstance(here, Mapping) and here.get("kind") == part)


def _nearest(path: Sequence[str], data: Any, schema: Mapping[str, Any]) -> str:
    """A suggestion for an unknown key: the most similar valid key, or all valid keys.

    The keys of the path may have dots in them.
    """
    *parents, key = path
    nodes = [{"properties": node} for node in _nodes(parents, data, schema)]
    fitting = _of_kind(nodes, _at(parents, data))
    known = sorted({name for node in fitting for name in node["properties"]})
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(known)}"


def _at(path: Sequence[str], data: Any) -> Any:
    for part in path:
        data = data[int(part)] if isinstance(data, list) else data.get(part)
    return data


def find_kind_error(data: Mapping[str, Any], schema: Mapping[str, Any]) -> str | None:
    """The message for the first mapping whose `kind` is missing or unknown; None if there is none.

    To be called before validation, which would take a missing `kind` from a default value.
    """
    for path, mapping in _mappings(data, ()):
        named = (node.get("kind", {}) for node in _nodes(path, data, schema))
        kinds = [kind["const"] for kind in named if "const" in kind]
        if len(kinds) > 1 and mapping.get("kind") not in kinds:
            got = json.dumps(mapping["kind"]) if "kind" in mapping else "nothing"
            return f"{'.'.join(path)}.kind must be one of {', '.join(kinds)}, got {got}"
    return None


def _mappings(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every mapping in a value with its path, outer mappings first."""
    if isinstance(value, Mapping):
        yield path, value
        for key, below in value.items():
            yield from _mappings(below, (*path, str(key)))
    elif isinstance(value, list):
        for i, below in enumerate(value):
            yield from _mappings(below, (*path, str(i)))


def _nodes(path: Sequence[str], data: Any, schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The properties of all schema nodes that may describe a path, given the written kinds."""
    nodes = list(_expand(schema, schema))
    for part in path:
        if isinstance(data, list):
            data = data[int(part)]
            continue
        nodes = [node for n in _of_kind(nodes, data) for node in _child(n, part, schema)]
        data = data.get(part)
    return [node["properties"] for node in nodes]


def _of_kind(nodes: Sequence[Any], written: Any) -> Sequence[Any]:
    """The union members of the written kind; all members if no member has that kind."""
    kind = written.get("kind") if isinstance(written, Mapping) else None
    return [n for n in nodes if n["properties"].get("kind", {}).get("const") == kind] or nodes


def _child(node: Any, part: str, schema: Mapping[str, Any]) -> Iterator[Any]:
    if part in node["properties"]:
        yield from _expand(node["properties"][part], schema)


def _expand(node: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    """The object nodes that a schema node stands for: references, unions and items resolved."""
    if "$ref" in node:
        yield from _expand(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], schema)
    for union in ("anyOf", "oneOf"):
        for member in node.get(union, ()):
            yield from _expand(member, schema)
    if "items" in node:
        yield from _expand(node["items"], schema)
    if "properties" in node:
        yield node
