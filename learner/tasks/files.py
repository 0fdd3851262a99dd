"""Read examples from local files (CSV, TSV, JSON lines, Parquet, CoNLL), by the file's suffix."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from .rows import Columns, Row, row_of
from .task import TaskKind

Record = Mapping[str, Any]
Reader = Callable[[Path], Iterator[tuple[str, Record]]]
"""Reads a file; yields each record, by column name, with its location (file and line)."""

_PACKED: Mapping[str, Callable[..., Any]] = {".bz2": bz2.open, ".gz": gzip.open}


def read_file(
    path: Path,
    kind: TaskKind,
    columns: Columns,
    is_example: Callable[[Record], bool] = lambda record: True,
) -> list[Row]:
    """The rows of all records for which `is_example` holds.

    Raises ValueError, with file and line, for a bad record.
    """
    reader = _READERS.get(suffix_of(path))
    if reader is None:
        raise ValueError(f"{path}: must end in one of {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    try:
        rows = [row_of(r, kind, columns, where) for where, r in reader(path) if is_example(r)]
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: must be UTF-8 text, {error.reason}") from None
    if not rows:
        raise ValueError(f"{path}: must have at least one example")
    return rows


def suffix_of(path: Path) -> str:
    """The suffix without that of compression.

    >>> suffix_of(Path("reviews.csv.bz2"))
    '.csv'
    """
    return Path(path.stem).suffix if path.suffix in _PACKED else path.suffix


def _open(path: Path) -> IO[str]:
    opener = _PACKED.get(path.suffix, open)
    return cast("IO[str]", opener(path, "rt", encoding="utf-8", newline=""))


def _delimited(delimiter: str, path: Path) -> Iterator[tuple[str, Record]]:
    """CSV or TSV with a header row and quoting; a quoted text may span several lines."""
    line, header = 1, None
    with _unlimited_fields(), _open(path) as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                where = f"{path}:{line}"  # the line where the row starts
                if header is not None and len(cells) != len(header):
                    raise ValueError(
                        f"{where}: must have the header's {len(header)} fields, has {len(cells)}"
                    )
                if header is not None:
                    yield where, dict(zip(header, cells, strict=True))
                header = header or cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise ValueError(f"{path}:{line}: {error}") from None


@contextmanager
def _unlimited_fields() -> Iterator[None]:
    """Lift csv's limit of 131,072 characters per field; restore it after, since it is global."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _json_lines(path: Path) -> Iterator[tuple[str, Record]]:
    """One JSON object per line; words and tags may be lists."""
    with _open(path) as stream:
        for line, text in enumerate(stream, start=1):
            where = f"{path}:{line}"
            try:
                record = json.loads(text)
            except ValueError as error:
                raise ValueError(f"{where}: must be a JSON object, {error}") from None
            if not isinstance(record, dict):
                raise ValueError(f"{where}: must be a JSON object, got {text.strip()[:40]}")
            yield where, record


def _parquet(path: Path) -> Iterator[tuple[str, Record]]:
    import polars as pl

    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path}: must be a Parquet file, {reason}") from None
    for number, record in enumerate(frame.iter_rows(named=True), start=1):
        yield f"{path}: row {number}", record


def _conll(path: Path) -> Iterator[tuple[str, Record]]:
    """One word per line, its tag in the last column, and an empty line after each sentence.

    The records have the columns text and label.
    """
    words: list[str] = []
    tags: list[str] = []
    begun = 1
    with _open(path) as stream:
        for line, text in enumerate((*stream, ""), start=1):
            cells = text.split()
            if cells and cells[0] != "-DOCSTART-":
                begun = begun if words else line
                words.append(cells[0])
                tags.extend(cells[1:][-1:])
            elif words:
                yield f"{path}:{begun}", {"text": words, "label": tags}
                words, tags = [], []


_READERS: Mapping[str, Reader] = {
    ".tsv": partial(_delimited, "\t"),
    ".csv": partial(_delimited, ","),
    ".jsonl": _json_lines,
    ".parquet": _parquet,
    ".conll": _conll,
    ".txt": _conll,
}

SUFFIXES = tuple(_READERS)

PACKINGS = tuple(_PACKED)
