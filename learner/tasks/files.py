"""Read examples from local files (CSV, TSV, JSON lines, Parquet, CoNLL), by the file's suffix."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from .conll import read_conll
from .delimited import Warn, read_delimited
from .rows import Columns, Layout, Row, row_of
from .task import TaskKind

Record = Mapping[Any, Any]
Records = Iterator[tuple[str, Record]]
"""Each record, by column name or number, with its location (file and line)."""

_PACKED: Mapping[str, Callable[..., Any]] = {".bz2": bz2.open, ".gz": gzip.open}
_DELIMITERS = {".tsv": "\t", ".csv": ","}
_CONLL = (".conll", ".txt")

_MOST_BYTES = 4 * 2**30
_FREE_BYTES = 64 * 2**20
_MAX_RATIO = 100
"""A file, unpacked, has at most _MOST_BYTES; beyond _FREE_BYTES, what is unpacked of it may have so
many times its own bytes."""

_MOST_ROWS = 50_000_000  # of a Parquet file, in which equal values take no space


def read_file(
    path: Path,
    kind: TaskKind,
    columns: Columns,
    is_example: Callable[[Record], bool] = lambda record: True,
    *,
    layout: Layout | None = None,
    warn: Warn = lambda text: None,
) -> list[Row]:
    """The rows of all records for which `is_example` holds.

    Raises ValueError, with file and line, for a bad record. `warn` is told what may be a mistake.
    """
    suffix = suffix_of(path)
    if suffix in SPREADSHEETS:
        raise ValueError(f"{path}: is a spreadsheet; save it as CSV (UTF-8)")
    if suffix not in SUFFIXES:
        raise ValueError(f"{path}: must end in one of {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    records = _records(path, suffix, columns, layout or Layout(), warn)
    rows = [row_of(r, kind, columns, where) for where, r in records if is_example(r)]
    if not rows:
        raise ValueError(f"{path}: must have at least one example")
    return rows


def suffix_of(path: Path) -> str:
    """The suffix without that of compression.

    >>> suffix_of(Path("reviews.csv.bz2"))
    '.csv'
    """
    return Path(path.stem).suffix if path.suffix in _PACKED else path.suffix


def _records(path: Path, suffix: str, columns: Columns, layout: Layout, warn: Warn) -> Records:
    if suffix in _DELIMITERS:
        lines = _lines(path)
        return read_delimited(_DELIMITERS[suffix], path, lines, columns, layout, warn)
    if suffix in _CONLL:
        return read_conll(path, _lines(path), columns, layout)
    if not layout.is_default:
        raise ValueError(
            f"{path}: task.delimiter, task.quoting and task.header are for text files with columns"
        )
    return _json_lines(path, _lines(path)) if suffix == ".jsonl" else _parquet(path)


def _lines(path: Path) -> Sequence[str]:
    """The lines of a UTF-8 text with their ends, without a byte order mark."""
    opener = _PACKED.get(path.suffix, open)
    try:
        _require_bounded(path)
        with cast("IO[str]", opener(path, "rt", encoding="utf-8-sig", newline="")) as stream:
            return stream.readlines()
    except UnicodeDecodeError as error:
        hint = "; a spreadsheet must be saved as CSV (UTF-8)" if _is_zip(path) else ""
        raise ValueError(f"{path}: must be UTF-8 text, {error.reason}{hint}") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(f"{path}: cannot be read, {reason}") from None


def _require_bounded(path: Path) -> None:
    """Raise ValueError if a text is too large, which a packed one tells as a stream."""
    n_bytes = path.stat().st_size
    most = _most_bytes(n_bytes)
    if path.suffix not in _PACKED:
        if n_bytes > _MOST_BYTES:
            raise ValueError(f"{path}: must have at most {_MOST_BYTES:,} bytes, has {n_bytes:,}")
        return
    n_unpacked = 0
    with _PACKED[path.suffix](path, "rb") as stream:
        while block := stream.read(1 << 20):
            n_unpacked += len(block)
            if n_unpacked > most:
                raise _expands(path, most)


def _most_bytes(n_bytes: int) -> int:
    """How many bytes may come out of a packed file of n_bytes."""
    return min(_MOST_BYTES, max(_FREE_BYTES, _MAX_RATIO * n_bytes))


def _expands(path: Path, most: int) -> ValueError:
    return ValueError(
        f"{path}: must have at most {most:,} bytes when unpacked ({_FREE_BYTES:,}, or "
        f"{_MAX_RATIO} times the file)"
    )


def _is_zip(path: Path) -> bool:
    """Whether a file is a zip archive, as newer spreadsheets are."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _json_lines(path: Path, lines: Sequence[str]) -> Records:
    """One JSON object per line; words and tags may be lists. Blank lines after the first object
    are left out."""
    is_begun = False
    for line, text in enumerate(lines, start=1):
        where = f"{path}:{line}"
        if is_begun and not text.strip():
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{where}: must be a JSON object, {error}") from None
        if not isinstance(record, dict):
            raise ValueError(f"{where}: must be a JSON object, got {text.strip()[:40]}")
        is_begun = True
        yield where, record


def _parquet(path: Path) -> Records:
    import polars as pl

    try:
        with _stderr_closed():
            n_rows = pl.scan_parquet(path).select(pl.len()).collect().item()
            if n_rows > _MOST_ROWS:
                raise ValueError(f"{path}: must have at most {_MOST_ROWS:,} rows, has {n_rows:,}")
            frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = (str(error).splitlines() or ["it cannot be read"])[0]
        raise ValueError(f"{path}: must be a Parquet file, {reason}") from None
    left = most = _most_bytes(path.stat().st_size)
    for number, record in enumerate(frame.iter_rows(named=True), start=1):
        left -= sum(len(v) if isinstance(v, str | bytes | list) else 1 for v in record.values())
        if left < 0:
            raise _expands(path, most)
        numbered: dict[Any, Any] = dict(enumerate(record.values()))
        yield f"{path}: row {number}", {**record, **numbered}


@contextmanager
def _stderr_closed() -> Iterator[None]:
    """Nothing reaches the process's standard error in the block.

    Polars is compiled code that writes the text of its own panics there before it raises them; a
    damaged file would get it in addition to our one line.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")

SUFFIXES = (".tsv", ".csv", ".jsonl", ".parquet", ".conll", ".txt")

PACKINGS = tuple(_PACKED)
