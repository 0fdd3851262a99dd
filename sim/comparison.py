"""Two runs side by side: their scenarios, their logs, their learning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from .divergence import ABSENT, Divergence, find_divergence, flat, read_manifest, read_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDifference:
    """The first differing line of events.jsonl (from 1) and its first differing field."""

    line: int
    row: str
    field: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How two runs differ: keys of their scenarios with both values, rows, learning."""

    scenario: Mapping[str, tuple[Any, Any]]
    row: RowDifference | None
    learning: Divergence | None


def compare(a: Path, b: Path) -> Comparison:
    """Two run directories side by side. Raises RunError for a directory without a run."""
    one, two = read_manifest(a), read_manifest(b)
    left, right = (flat({**run["scenario"], "seed": run["seed"]}) for run in (one, two))
    pairs = {key: (left.get(key, ABSENT), right.get(key, ABSENT)) for key in {**left, **right}}
    return Comparison(
        scenario={k: pair for k, pair in pairs.items() if pair[0] != pair[1] and k != "name"},
        row=_first_row(read_rows(a), read_rows(b)),
        learning=find_divergence(a, b),
    )


def _first_row(
    a: Iterator[Mapping[str, Any]], b: Iterator[Mapping[str, Any]]
) -> RowDifference | None:
    nothing: Mapping[str, Any] = {}
    for line, (one, two) in enumerate(zip_longest(a, b, fillvalue=nothing), start=1):
        for field in {**one, **two}:
            was, now = one.get(field, ABSENT), two.get(field, ABSENT)
            if was != now:
                name = str((one or two)["row"])
                return RowDifference(line=line, row=name, field=field, a=was, b=now)
    return None
