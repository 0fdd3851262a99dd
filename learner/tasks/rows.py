"""Row: one example as read from a source; check a record and convert it to a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .task import OUTSIDE, TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The source's column names of the text, the label (in tagging, the tags), and the client."""

    text: str = "text"
    label: str = "label"
    client: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.text, self.label) + ((self.client,) if self.client is not None else ())


@dataclass(frozen=True, slots=True)
class Row:
    """A text with its label; in tagging, words joined by single spaces and one tag per word."""

    text: str
    labels: tuple[str, ...]
    client: str = ""


def row_of(record: Mapping[str, Any], kind: TaskKind, columns: Columns, where: str) -> Row:
    """The row of a record. Raises ValueError with the location, the rule and the value.

    >>> row_of({"text": "Ann ran", "label": ["B-PER", "O"]}, "tagging", Columns(), "x:1")
    Row(text='Ann ran', labels=('B-PER', 'O'), client='')
    """
    for name in columns.names:
        if record.get(name) is None:
            held = ", ".join(map(str, record))
            raise ValueError(f"{where}: must have the column {name}, has {held}")
    text, label = record[columns.text], record[columns.label]
    client = "" if columns.client is None else str(record[columns.client])
    if kind == "tagging":
        return tagged_row(_items(text, where), _items(label, where), where, client)
    if not isinstance(text, str):
        raise ValueError(
            f"{where}: {columns.text} must be text for task.kind text, got {str(text)[:40]}"
        )
    if not text.strip() or not str(label).strip():
        raise ValueError(f"{where}: {columns.text} and {columns.label} must not be empty")
    return Row(text, (str(label),), client)


def tagged_row(words: list[str], tags: list[str], where: str, client: str = "") -> Row:
    """A sentence with one tag per word: O, or a prefix and a type, as in B-LOC, I-LOC."""
    if not words or len(words) != len(tags):
        raise ValueError(
            f"{where}: must have one tag per word, has {len(words)} words and {len(tags)} tags"
        )
    for word in words:
        if word.split() != [word]:
            raise ValueError(
                f"{where}: a word must not be empty or contain white space, got {word!r}"
            )
    for tag in tags:
        prefix, dash, kind = tag.partition("-")
        if tag != OUTSIDE and not (prefix in ("B", "I", "E", "S") and dash and kind):
            raise ValueError(
                f"{where}: a tag must be O, or B-, I-, E- or S- and a type, got {tag!r}"
            )
    return Row(" ".join(words), tuple(tags), client)


def _items(value: Any, where: str) -> list[str]:
    """A list of words or tags, or a text that is split at white space."""
    if isinstance(value, str):
        return value.split()
    if isinstance(value, list):
        return [str(item) for item in value]
    raise ValueError(f"{where}: words and tags must be lists or texts, got {value!r}")
