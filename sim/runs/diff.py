"""Diff of two runs: scenario keys, first differing row, first differing state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sim.run_files import flatten, read_manifest, read_rows
from sim.runlog import EVALUATIONS, EVENTS

from .divergence import ABSENT, Divergence, find_divergence


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDifference:
    """The first differing row of events.jsonl or, if these are equal, of evaluations.jsonl.

    `line` counts from 1. `row`: the kind of row. `field`: its first differing field, with the
    values `a` and `b` in the two runs.
    """

    file: str
    line: int
    row: str
    field: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDiff:
    """`scenario`: the keys with different values, and both values. `row`: None if all rows are
    equal. `learning`: None if run B has no state that run A lacks."""

    scenario: Mapping[str, tuple[Any, Any]]
    row: RowDifference | None
    learning: Divergence | None


def diff_runs(a: Path, b: Path) -> RunDiff:
    """Compare the runs in two directories. Raises RunError if one has no run."""
    in_a, in_b = (
        flatten({**manifest["scenario"], "seed": manifest["seed"]})
        for manifest in (read_manifest(a), read_manifest(b))
    )
    pairs = {key: (in_a.get(key, ABSENT), in_b.get(key, ABSENT)) for key in {**in_a, **in_b}}
    return RunDiff(
        scenario={k: pair for k, pair in pairs.items() if pair[0] != pair[1] and k != "name"},
        row=_first_difference(a, b, EVENTS) or _first_difference(a, b, EVALUATIONS),
        learning=find_divergence(a, b),
    )


def _first_difference(a: Path, b: Path, file: str) -> RowDifference | None:
    no_row: Mapping[str, Any] = {}
    pairs = zip_longest(read_rows(a / file), read_rows(b / file), fillvalue=no_row)
    for line, (row_a, row_b) in enumerate(pairs, start=1):
        for field in {**row_a, **row_b}:
            in_a, in_b = row_a.get(field, ABSENT), row_b.get(field, ABSENT)
            if in_a != in_b:
                kind = str((row_a or row_b)["row"])
                return RowDifference(file=file, line=line, row=kind, field=field, a=in_a, b=in_b)
    return None
