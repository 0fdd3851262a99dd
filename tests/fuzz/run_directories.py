"""Run directories whose manifest, rows, DONE or study index were changed, read as results are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from analysis import caption, load_study, table_rows
from analysis.report import report
from analysis.tables.formats import render
from analysis.timeline import timeline
from sim import run_study
from sim.runs.diff import diff_runs
from sim.study.file import parse_study
from tests.sim.conftest import smallest

from .kind import Kind
from .tree import changed, pick, values_by_key

_SIDELINE = {"kind": "sideline", "interval_s": 20.0}


def run_directory_kinds(place: Path) -> list[Kind]:
    own = _Directory(place)
    return [
        Kind(name="run directory", share=0.0199, attempt=own.attempt),
        Kind(name="run directory, its report", share=0.0001, attempt=own.draw, most_s=15.0),
    ]


class _Directory:
    """A study of two arms with all kinds of rows; one of its files is changed for an attempt."""

    def __init__(self, place: Path) -> None:
        base = smallest() | {"log": "all", "stop": {"rounds": 1}}
        arms = {"a": {}, "b": {"configurator": _SIDELINE, "stop": {"rounds": 2}}}
        study = {"name": "fuzz", "base": base, "arms": arms, "hindsight": {"best": ["a", "b"]}}
        parsed = parse_study(study)
        run_study(parsed, out=place / "runs", cache_dir=place / "cache", workers=1)
        self.study = place / "runs/fuzz"
        self.runs = sorted(path.parent for path in self.study.rglob("manifest.json"))
        files = [path for path in sorted(self.study.rglob("*")) if path.is_file()]
        self.kept = {path: path.read_bytes() for path in files}
        rows = [path for path in files if path.suffix == ".jsonl"]
        table_rows(load_study(self.study))  # what is imported counts for no input
        report(load_study(self.study))
        self.known = values_by_key([one for path in rows for one in _lines(self.kept[path])])

    def attempt(self, rng: np.random.Generator) -> str:
        return self._with_one_changed(rng, self._read)

    def draw(self, rng: np.random.Generator) -> str:
        return self._with_one_changed(rng, lambda _: report(load_study(self.study)))

    def _with_one_changed(
        self, rng: np.random.Generator, read: Callable[[np.random.Generator], object]
    ) -> str:
        path = pick(rng, [*self.kept])
        path.write_bytes(self._changed(path, rng))
        try:
            read(rng)
        finally:
            path.write_bytes(self.kept[path])
        return ""

    def _changed(self, path: Path, rng: np.random.Generator) -> bytes:
        """The file with another structure: of its JSON, or of its lines."""
        content = self.kept[path]
        if path.suffix == ".jsonl":
            rows = _lines(content)
            at = int(rng.integers(len(rows)))
            rows[at] = changed(rows[at], rng, self.known if rng.random() < 0.5 else {})
            if rng.random() < 0.2:
                rows = [rows[int(i)] for i in rng.permutation(len(rows))]
            return "".join(_text(row, rng) + "\n" for row in rows).encode()
        try:
            tree = json.loads(content)
        except ValueError:
            return content[: int(rng.integers(len(content)))]
        return _text(changed(tree, rng, self.known), rng).encode()

    def _read(self, rng: np.random.Generator) -> None:
        """Read the study as `table`, `timeline` or `diff` does."""
        if (way := rng.random()) < 0.3:
            json.dumps(timeline(pick(rng, self.runs)), allow_nan=False)
            return
        if way < 0.5:
            diff_runs(self.runs[0], self.runs[1])
            return
        study = load_study(self.study)
        if way < 0.6:
            form = pick(rng, ("markdown", "latex", "csv", "json"))
            render(table_rows(study), form, caption(study, "sustained", None), "fuzz", [])


def _lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def _text(tree: Any, rng: np.random.Generator) -> str:
    """JSON as the project writes it, or with spaces; seldom cut or followed by more."""
    text = json.dumps(tree, separators=(",", ":") if rng.random() < 0.8 else None)
    if rng.random() < 0.03:
        return text[: int(rng.integers(len(text)))]
    return text + ("" if rng.random() < 0.98 else "[" * 3000)
