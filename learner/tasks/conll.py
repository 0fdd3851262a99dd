"""Read CoNLL files: one word per line with its tag, an empty line after each sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .rows import Column, Columns, Layout, one_word

Line = tuple[int, list[str]]

_TAG = re.compile(r"O|[BIESLU]-\S.*")
_COUNT = re.compile(r"\d+([-.]\d+)?")
_GLOBAL = "# global.columns ="


def read_conll(
    path: Path, lines: Sequence[str], columns: Columns, layout: Layout
) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Each sentence as a record with its words and tags, with its location.

    A line with tabs has its cells between tabs, which may contain spaces; others are split at white
    space. The words are in the first column and the tags in the last, unless `columns` has numbers,
    or names in the first line (or in CoNLL-U's "# global.columns ="). Lines that begin with
    -DOCSTART- and comments before a sentence are skipped. Raises ValueError for a first column that
    counts the words.
    """
    header, start = _header(lines, columns, layout)
    sentences = list(_sentences(path, lines, start, layout))
    at = [_place(column, usual, header, path) for column, usual in _chosen(columns)]
    _check(path, lines, sentences, at, layout)
    for sentence in sentences:
        where = f"{path}:{sentence[0][0]}"
        found = [[cells[i] for i in at if -1 <= i < len(cells)] for _, cells in sentence]
        words, tags = [one_word(f[0]) for f in found if f], []
        for (_, cells), f in zip(sentence, found, strict=True):
            if len(cells) > 1:  # a word alone has no tag
                tags.extend(f[1:2])
        record: dict[Column, Any] = {columns.text: words, columns.label: tags}
        if columns.client is not None:
            record[columns.client] = found[0][2] if len(found[0]) > 2 else None
        yield where, record


def _chosen(columns: Columns) -> Iterator[tuple[Column, int | None]]:
    """Each column with its usual place."""
    yield columns.text, 0 if columns.text == Columns().text else None
    yield columns.label, -1 if columns.label == Columns().label else None
    if columns.client is not None:
        yield columns.client, None


def _place(column: Column, usual: int | None, header: list[str], path: Path) -> int:
    if str(column) in header:
        return header.index(str(column))
    place = column if isinstance(column, int) else usual
    if place is None or place < -1:
        held = ", ".join(header)[:100]
        raise ValueError(
            f"{path}: must have the column {column}, the first line has {held}; or name columns by "
            "number, counted from 0"
        )
    return place


def _header(lines: Sequence[str], columns: Columns, layout: Layout) -> tuple[list[str], int]:
    """The names of the columns if the file has them, and the number of lines before the words."""
    for number, text in enumerate(lines):
        if text.startswith(_GLOBAL):
            return text.removeprefix(_GLOBAL).split(), number + 1
        if not text.strip():
            continue
        cells = _cells(text, layout)
        wanted = [str(name) for name in columns.names if isinstance(name, str)]
        usual = (Columns().text, Columns().label)
        named = [name for name in wanted if name not in usual]
        if named or (len(wanted) > 1 and all(name in cells for name in wanted)):
            return cells, number + 1
        if not text.startswith("#"):
            break
    return [], 0


def _sentences(
    path: Path, lines: Sequence[str], start: int, layout: Layout
) -> Iterator[list[Line]]:
    """The sentences, as the cells of each line with the line's number."""
    sentence: list[Line] = []
    for number, text in enumerate((*lines, "")[start:], start=start + 1):
        cells = _cells(text, layout)
        is_comment = text.startswith("#") and not sentence and not _TAG.fullmatch(cells[-1])
        if cells and cells[0] != "-DOCSTART-" and not is_comment:
            sentence.append((number, cells))
        elif sentence and not is_comment:
            yield sentence
            sentence = []


def _cells(text: str, layout: Layout) -> list[str]:
    text = text.rstrip()
    if layout.delimiter is not None and layout.delimiter != " ":
        return [cell.strip() for cell in text.split(layout.delimiter)] if text else []
    if layout.delimiter is None and "\t" in text:
        return [cell.strip() for cell in text.split("\t")]
    return text.split()


def _check(
    path: Path, texts: Sequence[str], sentences: list[list[Line]], at: list[int], layout: Layout
) -> None:
    """Refuse words that are numbers throughout, files without tags, and lines whose spaces may be
    in a word or between columns."""
    lines = [line for sentence in sentences for line in sentence]
    if not lines:
        return
    most = max(len(cells) for _, cells in lines)
    if most == 1:
        raise ValueError(
            f"{path}: has one column, so the tags are hidden; each line must have a word and a tag"
        )
    if at[0] == 0 and len(lines) > 2 and all(_COUNT.fullmatch(cells[0]) for _, cells in lines):
        first = ", ".join(cells[0] for _, cells in lines[:3])
        raise ValueError(
            f"{path}:{lines[0][0]}: the first column counts ({first}, ...) and cannot be the "
            "words; name the words' column by number, as in task.text: 1"
        )
    needed = max(at) + 1
    width = len(lines[0][1])
    for number, cells in lines:
        is_split_at_spaces = layout.delimiter is None and "\t" not in texts[number - 1]
        if len(cells) > 1 and at[0] % len(cells) == at[1] % len(cells):
            raise ValueError(
                f"{path}:{number}: words and tags must be in two columns, both are in column "
                f"{at[0] % len(cells)} of {len(cells)}"
            )
        if 1 < len(cells) < needed:
            raise ValueError(f"{path}:{number}: must have {needed} columns, has {len(cells)}")
        if is_split_at_spaces and 1 < len(cells) != width:
            raise ValueError(
                f"{path}:{number}: must have {width} columns like line {lines[0][0]}, has "
                f"{len(cells)}; words with spaces need tabs between the columns"
            )
