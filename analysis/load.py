"""Run directories as frames: what was written, unchanged, and what is missing, said aloud."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sim.records import DecisionRow, EvaluationRow, FailedRow, RoundRow
from sim.runlog import STUDY_INDEX

from .row_file import RowFile, read_rows

_CONFIG = {"kind": pl.String(), "depth": pl.Int64(), "width": pl.Int64()}
_ROUNDS = {
    "t_s": pl.Float64(),
    "start_s": pl.Float64(),
    "trial": pl.Int64(),
    "branch": pl.String(),
    "round": pl.Int64(),
    "down_bytes": pl.Int64(),
    "up_bytes": pl.Int64(),
    "energy_j": pl.Float64(),
    "status": pl.String(),
}
_DECISIONS = {"t_s": pl.Float64(), "trial": pl.Int64(), "chosen": pl.String()}
_EVALUATIONS = {
    "t_s": pl.Float64(),
    "round": pl.Int64(),
    "state": pl.String(),
    "split": pl.String(),
    "accuracy": pl.Float64(),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One run directory; `is_finished` if DONE names the bytes of its events.jsonl.

    `rounds`, `decisions` and `evaluations` hold one row a record in time order, the configuration
    as columns kind, depth and width (null where it has none). `majority_accuracy` (0-1) is that
    of the reported split, None for a task without data.
    """

    path: Path
    arm: str
    seed: int
    is_finished: bool
    n_clients: int
    report_on: str
    learner: str
    majority_accuracy: float | None
    rounds: pl.DataFrame
    decisions: pl.DataFrame
    evaluations: pl.DataFrame

    @property
    def is_full(self) -> bool:
        """Whether every round of the run was full fine-tuning."""
        return self.rounds["kind"].unique().to_list() == ["full"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """The runs of a directory in the study's order; `warnings` are one line each."""

    path: Path
    runs: tuple[Run, ...]
    warnings: tuple[str, ...]

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms' names, in order."""
        return tuple(dict.fromkeys(run.arm for run in self.runs))

    def runs_of(self, arm: str) -> tuple[Run, ...]:
        """The arm's runs, one a seed."""
        return tuple(run for run in self.runs if run.arm == arm)


def load_study(path: Path) -> Study:
    """The study in a directory, which may also be that of one arm or of one run.

    A run that is unfinished, or was changed afterwards, is used as far as it goes, with a warning.
    Two directories whose arms have one name (their scenarios differ) are told apart by their
    digests. Raises ValueError, in one line, for a directory without runs and for files that no
    run writes.
    """
    found = _run_directories(path)
    if not found:
        raise ValueError(f"{path}: holds no runs (no manifest.json up to two directories down)")
    manifests = [(_manifest(directory / "manifest.json"), directory) for directory in found]
    digests = Counter(name for name, _ in {(m["name"], m["digest"]) for m, _ in manifests})
    runs, warnings = [], []
    for manifest, directory in manifests:
        shared = digests[manifest["name"]] > 1
        arm = f"{manifest['name']} [{manifest['digest'][:8]}]" if shared else manifest["name"]
        run, remarks = _run(manifest, directory, arm)
        runs.append(run)
        warnings += [f"{directory.relative_to(path)}: {remark}" for remark in remarks]
    return Study(path=path, runs=tuple(runs), warnings=tuple(warnings))


def _run_directories(path: Path) -> list[Path]:
    """The study's own runs in its order; without an index, all there are, by arm and seed."""
    index = path / STUDY_INDEX
    if index.exists():
        try:
            names = json.loads(index.read_text(encoding="utf-8"))["runs"]
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{index}: must hold the names of the study's runs") from None
        return [path / name for name in names if (path / name / "manifest.json").exists()]
    patterns = ("manifest.json", "*/manifest.json", "*/*/manifest.json")
    return [file.parent for pattern in patterns for file in sorted(path.glob(pattern))]


def _run(manifest: Mapping[str, Any], directory: Path, arm: str) -> tuple[Run, list[str]]:
    events = read_rows(directory / "events.jsonl")
    evaluations = read_rows(directory / "evaluations.jsonl")
    report_on = str(manifest["scenario"]["evaluation"]["report_on"])
    majority = manifest["majority_accuracy"]
    run = Run(
        path=directory,
        arm=arm,
        seed=manifest["seed"],
        is_finished=_finished_sha256(directory) == events.sha256,
        n_clients=manifest["n_clients"],
        report_on=report_on,
        learner=manifest["learner"],
        majority_accuracy=majority and majority[report_on],
        rounds=_frame(events, _ROUNDS, RoundRow.row),
        decisions=_frame(events, _DECISIONS, DecisionRow.row),
        evaluations=_frame(evaluations, _EVALUATIONS, EvaluationRow.row),
    )
    return run, list(_remarks(run, events, evaluations))


def _finished_sha256(directory: Path) -> Any:
    """What DONE says of events.jsonl; None without it, and for a DONE that no run writes."""
    try:
        return json.loads((directory / "DONE").read_bytes())["events_sha256"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _remarks(run: Run, events: RowFile, evaluations: RowFile) -> Iterator[str]:
    if not run.is_finished and (run.path / "DONE").exists():
        yield "events.jsonl is not what DONE names; used as far as it can be read"
    elif not run.is_finished:
        until_s = max((row.get("t_s", 0.0) for row in events.rows), default=0.0)
        yield f"unfinished, used up to simulated second {until_s:.6g}"
    for file in (events, evaluations):
        if file.is_cut:
            yield f"{file.path.name} ends within a row, which is left out"
    for row in events.rows:
        if row.get("row") == FailedRow.row:
            yield f"failed: {row.get('error')}"
    if not (run.evaluations["split"] == run.report_on).any():
        yield f"has no evaluation on {run.report_on} yet"


def _manifest(path: Path) -> Mapping[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        for key in ("name", "digest", "seed", "n_clients", "learner", "majority_accuracy"):
            manifest[key]
        manifest["scenario"]["evaluation"]["report_on"]
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: must be JSON, {error}") from None
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: is not a run's manifest, it lacks {error}") from None
    assert isinstance(manifest, dict)
    return manifest


def _frame(file: RowFile, columns: Mapping[str, pl.DataType], kind: str) -> pl.DataFrame:
    """The rows of one kind."""
    try:
        values = [
            [row[name] for name in columns] + [row["config"].get(name) for name in _CONFIG]
            for row in file.rows
            if row.get("row") == kind
        ]
    except KeyError as error:
        raise ValueError(f"{file.path}: a row lacks {error}") from None
    return pl.DataFrame(values, schema={**columns, **_CONFIG}, orient="row").sort("t_s")
