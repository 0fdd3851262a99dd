"""A file of rows as a run left it: whole, cut short or missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """A row a line; a last line without its end is left out, a missing file is an empty one.

    Raises ValueError, with the line's number, for a whole line that is no row.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for line_no, line in enumerate(file, start=1):
            if line.endswith(b"\n"):
                row = parse_row(path, line_no, line)
                if not (
                    isinstance(row.get("row"), str) and isinstance(row.get("t_s"), int | float)
                ):
                    raise ValueError(
                        f"{path}:{line_no}: must be a row with its t_s, got {row!r:.40}"
                    )
                yield row


def parse_row(path: Path, line_no: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}:{line_no}: must be a row of JSON, {error}") from None
    if not isinstance(row, dict):
        raise ValueError(f"{path}:{line_no}: must be a JSON object, got {row!r:.40}")
    return row
