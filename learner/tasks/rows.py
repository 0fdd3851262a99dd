"""Row: one example as read from a source; check a record and convert it to a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite, isnan
from typing import Any, Literal

from .scoring import OUTSIDE
from .task import TaskKind

Column = str | int
"""A column's name, or its number, counted from 0; in CoNLL files -1 is the last one."""

Quoting = Literal["standard", "none"]

_NO_TAG = ("-1", "-100", "_", "-", "?")
_PREFIXES = ("B", "I", "E", "S", "L", "U")
_PLACE_OF_SPACE = "\u00a0"  # a no-break space: texts are split into words at plain spaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The source's columns of the text, the label (in tagging, the tags), and the client."""

    text: Column = "text"
    label: Column = "label"
    client: Column | None = None

    @property
    def names(self) -> tuple[Column, ...]:
        return (self.text, self.label) + ((self.client,) if self.client is not None else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a text file is written, where it is not as its suffix says.

    `delimiter` separates the cells (None: a comma in .csv, a tab in .tsv, white space or tabs in
    CoNLL files). `quoting` "none": quotation marks are plain characters; None: "standard", but a
    quoted field that contains whole rows counts as a stray quotation mark. `header` False: the
    first line is an example, and columns have numbers.
    """

    delimiter: str | None = None
    quoting: Quoting | None = None
    header: bool = True

    @property
    def is_default(self) -> bool:
        return self == Layout()


@dataclass(frozen=True, slots=True)
class Row:
    """A text with its label; in tagging, words joined by single spaces and one tag per word.

    `client` is its owner, if the source has owners. `where` is its location in the source, for
    messages.
    """

    text: str
    labels: tuple[str, ...]
    client: str = ""
    where: str = field(default="", compare=False, repr=False)


def row_of(record: Mapping[Any, Any], kind: TaskKind, columns: Columns, where: str) -> Row:
    """The row of a record. Raises ValueError with the location, the rule and the value.

    >>> row_of({"text": "Ann ran", "label": ["B-PER", "O"]}, "tagging", Columns(), "x:1")
    Row(text='Ann ran', labels=('B-PER', 'O'), client='')
    """
    text, label, *owner = (_value(record, column, where) for column in columns.names)
    client = str(owner[0]).strip() if owner else ""
    if owner and not client:
        raise ValueError(
            f"{where}: {columns.client} must not be empty; an example without an owner cannot be "
            "used: leave it out"
        )
    if kind == "tagging":
        return tagged_row(_items(text, where), _items(label, where), where, client)
    if not isinstance(text, str):
        raise ValueError(
            f"{where}: {columns.text} must be text for task.kind text, got {str(text)[:40]}"
        )
    if not text.strip() or not str(label).strip():
        raise ValueError(f"{where}: {columns.text} and {columns.label} must not be empty")
    return Row(
        _valid(text, where), (_valid(_label(label, columns.label, where), where),), client, where
    )


def tagged_row(words: list[str], tags: list[str], where: str, client: str = "") -> Row:
    """A sentence with one tag per word: O, or a prefix and a type, as in B-LOC, I-LOC."""
    if not words or len(words) != len(tags):
        raise ValueError(
            f"{where}: must have one tag per word, has {len(words)} words and {len(tags)} tags"
        )
    for word in words:
        if word.replace(_PLACE_OF_SPACE, "").split() != [word.replace(_PLACE_OF_SPACE, "")]:
            raise ValueError(
                f"{where}: a word must not be empty or contain white space, got {word!r}"
            )
    tags = [tag.strip() for tag in tags]
    for tag in tags:
        prefix, dash, kind = tag.partition("-")
        if tag != OUTSIDE and not (prefix in _PREFIXES and dash and kind):
            hint = ": such tags are hidden, use a split with tags" if tag in _NO_TAG else ""
            raise ValueError(
                f"{where}: a tag must be O, or B-, I-, E- or S- and a type (BILOU: L-, U-), "
                f"got {tag!r}{hint}"
            )
    return Row(_valid(" ".join(words), where), tuple(tags), client, where)


def one_word(cell: str) -> str:
    """A cell as one word: spaces inside it become no-break spaces, which do not split a text."""
    return _PLACE_OF_SPACE.join(cell.split())


def _value(record: Mapping[Any, Any], column: Column, where: str) -> Any:
    """What the record has in a column; a column's name goes before its number."""
    key = str(column) if str(column) in record else column
    if key not in record:
        held = ", ".join(str(name) for name in record if isinstance(name, str))[:100]
        raise ValueError(
            f"{where}: must have the column {column}, has {held or len(record)}"
            f"{_advice(list(record))}"
        )
    value = record[key]
    if value is None or (isinstance(value, float) and isnan(value)):
        got = "null" if value is None else "NaN"
        raise ValueError(
            f"{where}: {column} must not be {got}; an example whose {column} is hidden or missing "
            "cannot be used: leave it out"
        )
    return value


def _advice(names: list[Any]) -> str:
    """What to do about a missing column, if the header was not split."""
    names = [name for name in names if isinstance(name, str)]
    header = names[0] if len(names) == 1 else ""
    for delimiter in (";", "\t", "|", ","):
        if delimiter in header:
            return f"; name the delimiter: task.delimiter: {delimiter!r}"
    return ""


def _label(value: Any, column: Column, where: str) -> str:
    """The label as text. Whether 1, 1.0 and true are one label is a matter of the whole set."""
    if not isinstance(value, (str, int, float, Decimal)):
        raise ValueError(
            f"{where}: {column} must be one label (text or a number) for task.kind text, got "
            f"{str(value)[:40]}"
        )
    if isinstance(value, (float, Decimal)) and not isfinite(value):
        raise ValueError(
            f"{where}: {column} must be a label, got {value}; an example whose label is hidden or "
            "missing cannot be used: leave it out"
        )
    return str(value).strip()


def _items(value: Any, where: str) -> list[str]:
    """A list of words or tags, or a text that is split at white space."""
    if isinstance(value, str):
        return value.split()
    if isinstance(value, list):
        return [str(item) for item in value]
    raise ValueError(f"{where}: words and tags must be lists or texts, got {str(value)[:40]!r}")


def _valid(text: str, where: str) -> str:
    """The text, if it is Unicode: JSON can escape half a character."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = text[error.start]
        raise ValueError(f"{where}: must be Unicode text, has {half!r}, half a character") from None
    return text
