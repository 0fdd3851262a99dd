"""Examples from local files, told apart by their suffix; a bad row is named by file and line."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from .rows import Columns, Row, row_of, tagged_row
from .task import TaskKind

Reader = Callable[[Path, TaskKind, Columns], Iterator[Row]]

_PACKED: Mapping[str, Callable[..., Any]] = {".bz2": bz2.open, ".gz": gzip.open}


def read_file(path: Path, kind: TaskKind, columns: Columns) -> list[Row]:
    """The rows of a file. Raises ValueError, naming file and line."""
    reader = _READERS.get(suffix_of(path))
    if reader is None:
        raise ValueError(f"{path}: must end in one of {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file")
    try:
        rows = list(reader(path, kind, columns))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: must be UTF-8 text, {error.reason}") from None
    if not rows:
        raise ValueError(f"{path}: must hold at least one example")
    return rows


def suffix_of(path: Path) -> str:
    """The suffix below that of packing.

    >>> suffix_of(Path("reviews.csv.bz2"))
    '.csv'
    """
    return Path(path.stem).suffix if path.suffix in _PACKED else path.suffix


def _open(path: Path) -> IO[str]:
    opener = _PACKED.get(path.suffix, open)
    return cast("IO[str]", opener(path, "rt", encoding="utf-8", newline=""))


def _delimited(delimiter: str, path: Path, kind: TaskKind, columns: Columns) -> Iterator[Row]:
    """CSV or TSV with a header row; csv quoting."""
    with _unlimited_fields(), _open(path) as stream:
        for line, record in _records(stream, path, delimiter):
            yield row_of(record, kind, columns, f"{path}:{line}")


def _records(
    stream: Iterable[str], path: Path, delimiter: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each record with the line where it starts; a quoted text may span several lines."""
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    line, header = 1, None
    try:
        for cells in reader:
            if header is None:
                header = cells
            elif len(cells) != len(header):
                raise ValueError(
                    f"{path}:{line}: must have the header's {len(header)} fields, has {len(cells)}"
                )
            else:
                yield line, dict(zip(header, cells, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}:{line}: {error}") from None


@contextmanager
def _unlimited_fields() -> Iterator[None]:
    """Real texts exceed csv's 131,072 characters a field; the limit is global, so put it back."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _json_lines(path: Path, kind: TaskKind, columns: Columns) -> Iterator[Row]:
    """One JSON object a line; words and tags may be lists."""
    with _open(path) as stream:
        for line, text in enumerate(stream, start=1):
            where = f"{path}:{line}"
            try:
                record = json.loads(text) if text.strip() else None
            except ValueError as error:
                raise ValueError(f"{where}: must be a JSON object, {error}") from None
            if record is None:
                continue
            if not isinstance(record, dict):
                raise ValueError(f"{where}: must be a JSON object, got {text.strip()[:40]}")
            yield row_of(record, kind, columns, where)


def _parquet(path: Path, kind: TaskKind, columns: Columns) -> Iterator[Row]:
    import polars as pl

    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path}: must be a Parquet file, {reason}") from None
    for number, record in enumerate(frame.iter_rows(named=True), start=1):
        yield row_of(record, kind, columns, f"{path}: row {number}")


def _conll(path: Path, kind: TaskKind, columns: Columns) -> Iterator[Row]:
    """A word a line, its tag in the last column, an empty line after each sentence."""
    if kind != "tagging" or columns.client is not None:
        raise ValueError(f"{path}: a CoNLL file is for task.kind tagging, without task.client")
    words: list[str] = []
    tags: list[str] = []
    begun = 1
    with _open(path) as stream:
        for line, text in enumerate((*stream, ""), start=1):
            cells = text.split()
            if cells and cells[0] != "-DOCSTART-":
                begun = begun if words else line
                words.append(cells[0])
                tags.append(cells[-1] if len(cells) > 1 else "")
            elif words:
                yield tagged_row(words, tags, f"{path}:{begun}")
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
