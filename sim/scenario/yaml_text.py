"""Reads YAML from files and texts that may come from strangers: bounded, and plain values only.

Keys are text as written: `on` and `1` are the keys "on" and "1". Aliases and merge keys work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import yaml

MOST_BYTES = 10_000_000
MOST_VALUES = 100_000
MOST_DEPTH = 50
"""Bounds of a file: its size, its number of values and keys with aliases expanded, its nesting."""

_PREFIX = "tag:yaml.org,2002:"
_STR, _MERGE = f"{_PREFIX}str", f"{_PREFIX}merge"
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9_]*)")
_DECIMAL = re.compile(r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?")
_MOST = 2**63 - 1


class ScenarioError(ValueError):
    """An invalid scenario or study. The message is one line: file, key path, rule and value."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))  # a name or an override may have several


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Turn a ValueError into a ScenarioError whose message begins with `where`."""
    try:
        yield
    except ValueError as error:
        raise ScenarioError(f"{where}: {error}") from None


def read_yaml(path: Path) -> dict[str, Any]:
    """Read the mapping in a YAML file. Raises ScenarioError with the file and the line."""
    with naming(str(path)):
        value = parse_yaml(_text(path))
        if not isinstance(value, dict):
            raise ScenarioError(f"must be a mapping of keys, got {type(value).__name__}")
    return value


def parse_yaml(text: str) -> Any:
    """Parse a YAML text. Raises ScenarioError with the line."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return None if node is None else loader.value_of(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioError(f"line {line}: is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ScenarioError(f"is not YAML: {' '.join(str(error).split())}") from None


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise ScenarioError("must be a regular file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ScenarioError(f"cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise ScenarioError(f"must have at most {MOST_BYTES:,} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ScenarioError("must be UTF-8 text") from None


class _Loader(yaml.SafeLoader):
    """Composes nodes with keys of text, and makes plain values of them."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._keys: dict[int, str] = {}  # by identity of a value's node, for messages

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise ScenarioError(f"line {self.line + 1}: is nested too deeply")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        pairs = [(_as_text(key), value) for key, value in node.value]
        seen: set[str] = set()
        for key, value in pairs:
            if key.tag != _MERGE and key.value in seen:
                raise ScenarioError(f"{_line(key)}: duplicate key {key.value!r}")
            seen.add(key.value)
            self._keys[id(value)] = key.value
        node.value = pairs
        return node

    def value_of(self, node: yaml.Node) -> Any:
        """The value of the root node, once it is known to be bounded and plain."""
        self._count(node, {})
        return self.construct_document(node)

    def _count(self, node: yaml.Node, known: dict[int, int]) -> int:
        """The number of values in a node, with aliases expanded. Refuses what is not plain."""
        if id(node) in known:
            if not known[id(node)]:
                raise ScenarioError(f"{_line(node)}: an alias must not contain itself")
            return known[id(node)]
        known[id(node)], n_values = 0, 1
        if isinstance(node, yaml.MappingNode):
            n_values += sum(1 + self._count(value, known) for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            n_values += sum(self._count(value, known) for value in node.value)
        if n_values > MOST_VALUES:
            raise ScenarioError(f"{_line(node)}: must have at most {MOST_VALUES:,} values")
        if node.tag.removeprefix(_PREFIX) not in _PLAIN:
            self._refuse(node, f"must not have the tag {node.tag.replace(_PREFIX, '!!')}")
        if isinstance(node, yaml.ScalarNode):
            self._check_scalar(node)
        known[id(node)] = n_values
        return n_values

    def _check_scalar(self, node: yaml.ScalarNode) -> None:
        match node.tag.removeprefix(_PREFIX), node.value:
            case "int", value if not _WHOLE.fullmatch(value):
                self._refuse(node, "must be a whole number in plain digits, or text in quotes")
            case "int", value if len(value) > 25 or abs(int(value)) > _MOST:
                self._refuse(node, f"must be at most {_MOST}")
            case "float", value if not (
                _DECIMAL.fullmatch(value) or value.lower().lstrip("+-") in (".inf", ".nan")
            ):
                self._refuse(node, "must be a number in plain digits, or text in quotes")
            case "bool", value if value.lower() not in self.bool_values:
                self._refuse(node, "must be true or false")
            case (("seq" | "map"), _):
                self._refuse(node, f"must be a {node.tag.removeprefix(_PREFIX)}")

    def _refuse(self, node: yaml.Node, rule: str) -> NoReturn:
        key = f"{self._keys[id(node)]} " if id(node) in self._keys else ""
        got = f", got {node.value!r:.40}" if isinstance(node, yaml.ScalarNode) else ""
        raise ScenarioError(f"{_line(node)}: {key}{rule}{got}")


_PLAIN = frozenset({"str", "int", "float", "bool", "null", "map", "seq"})

_Loader.add_implicit_resolver(
    f"{_PREFIX}float",
    re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)
_Loader.yaml_implicit_resolvers = {  # a date is text
    first: [pair for pair in pairs if pair[0] != f"{_PREFIX}timestamp"]
    for first, pairs in _Loader.yaml_implicit_resolvers.items()
}


def _as_text(key: yaml.Node) -> yaml.ScalarNode:
    """The node of a key, which is text as written, or the key of a merge."""
    if not isinstance(key, yaml.ScalarNode):
        raise ScenarioError(f"{_line(key)}: keys must be text")
    tag = _MERGE if key.tag == _MERGE else _STR
    return yaml.ScalarNode(tag, key.value, key.start_mark, key.end_mark)


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"
