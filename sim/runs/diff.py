"""Two runs side by side: their scenarios, their logs, their learning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sim.run_files import read_manifest, read_rows
from sim.runlog import EVALUATIONS, EVENTS

from .divergence import ABSENT, Divergence, find_divergence, flat


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDifference:
    """The first differing line (from 1) of events.jsonl or, where those are equal, of
    evaluations.jsonl, and its first differing field."""

    file: str
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
        row=_first_row(a, b, EVENTS) or _first_row(a, b, EVALUATIONS),
        learning=find_divergence(a, b),
    )


def _first_row(a: Path, b: Path, file: str) -> RowDifference | None:
    nothing: Mapping[str, Any] = {}
    pairs = zip_longest(read_rows(a / file), read_rows(b / file), fillvalue=nothing)
    for line, (one, two) in enumerate(pairs, start=1):
        for field in {**one, **two}:
            was, now = one.get(field, ABSENT), two.get(field, ABSENT)
            if was != now:
                name = str((one or two)["row"])
                return RowDifference(file=file, line=line, row=name, field=field, a=was, b=now)
    return None
