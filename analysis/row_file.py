"""A file of rows as a run left it: whole, cut short or missing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFile:
    """The rows, the hex sha256 of all bytes, and whether a killed run was within a row."""

    path: Path
    rows: tuple[dict[str, Any], ...]
    sha256: str
    is_cut: bool


def read_rows(path: Path) -> RowFile:
    """A row a line; a last line without its end is left out, a missing file is an empty one.

    Raises ValueError, with the line's number, for a whole line that is no JSON object.
    """
    content = path.read_bytes() if path.exists() else b""
    *lines, rest = content.split(b"\n")
    rows = tuple(parse_row(path, line_no, line) for line_no, line in enumerate(lines, start=1))
    return RowFile(path=path, rows=rows, sha256=sha256(content).hexdigest(), is_cut=rest != b"")


def parse_row(path: Path, line_no: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{path}:{line_no}: must be a row of JSON, {error}") from None
    if not isinstance(row, dict):
        raise ValueError(f"{path}:{line_no}: must be a JSON object, got {row!r:.40}")
    return row
