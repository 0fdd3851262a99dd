"""Run directories as frames: what was written, unchanged, and what is missing, said aloud."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from sim.records import DecisionRow, EvaluationRow, FailedRow, RoundRow
from sim.run_files import Manifest, read_manifest, recorded_sha256
from sim.runlog import DONE, EVALUATIONS, EVENTS, MANIFEST, STUDY_INDEX

from .row_decoding import CONFIG
from .row_tables import RowTables, open_rows

_ROUND = ("t_s", "start_s", "trial", "branch", "round", "down_bytes", "up_bytes", "energy_j")
_EVALUATION = ("t_s", "round", "state", "split", "accuracy")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One run directory; `is_finished` if DONE names the bytes of its events.jsonl.

    `rounds` and `evaluations` hold one row a record in time order, with all fields of the record
    as columns; the configuration as kind, depth, width and rank (null where it has none).
    `decisions`: t_s, trial, chosen, and the configuration. `events` gives the tables of the other
    kinds. `majority_accuracy` (0-1) is that of the reported split, None for a task without data.
    `metric` is what accuracies are: "accuracy", or "entity F1" in tagging.
    `manifest` is as the run wrote it; `warnings` are one line each.
    """

    path: Path
    arm: str
    seed: int
    is_finished: bool
    n_clients: int
    report_on: str
    learner: str
    majority_accuracy: float | None
    metric: str
    manifest: Manifest
    events: RowTables
    rounds: pl.DataFrame
    decisions: pl.DataFrame
    evaluations: pl.DataFrame
    warnings: tuple[str, ...] = ()

    @property
    def is_full(self) -> bool:
        """Whether every round of the run was full fine-tuning."""
        return self.rounds["kind"].unique().to_list() == ["full"]

    @property
    def end_s(self) -> float:
        """The last simulated second of which its rounds and evaluations tell; 0 without any."""
        last = [table["t_s"][-1] for table in (self.rounds, self.evaluations) if len(table)]
        return max(last, default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """The runs of a directory in the study's order; `warnings` are one line each.

    `axes`: the keys that each axis of the study sets, by its name, in order; `coordinates`: where
    each arm stands on them. Both are empty for a study of named arms alone. `hindsight`: the arms
    among which a name stands for the best. `published`: what a `source` printed for arms, each with
    arm, targets, hours and reason.
    """

    path: Path
    runs: tuple[Run, ...]
    warnings: tuple[str, ...]
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    coordinates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hindsight: Mapping[str, Sequence[str]] = field(default_factory=dict)
    source: str = ""
    published: Sequence[Mapping[str, Any]] = ()

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
        raise ValueError(f"{path}: holds no runs (no {MANIFEST} up to two directories down)")
    manifests = [(read_manifest(directory), directory) for directory in found]
    digests = Counter(name for name, _ in {(m["name"], m["digest"]) for m, _ in manifests})
    runs = []
    for manifest, directory in manifests:
        shared = digests[manifest["name"]] > 1
        arm = f"{manifest['name']} [{manifest['digest'][:8]}]" if shared else manifest["name"]
        runs.append(_run(manifest, directory, arm))
    warnings = [f"{run.path.relative_to(path)}: {line}" for run in runs for line in run.warnings]
    index = _index(path)
    told = ("axes", "coordinates", "hindsight", "source", "published")
    return Study(
        path=path,
        runs=tuple(runs),
        warnings=(*warnings, *_mixture(runs)),
        **{key: index[key] for key in told if key in index},
    )


def _run_directories(path: Path) -> list[Path]:
    """The study's own runs in its order; without an index, all there are, by arm and seed."""
    names = _index(path).get("runs")
    if names is not None:
        return [path / name for name in names if (path / name / MANIFEST).exists()]
    patterns = (MANIFEST, f"*/{MANIFEST}", f"*/*/{MANIFEST}")
    return [file.parent for pattern in patterns for file in sorted(path.glob(pattern))]


def _index(path: Path) -> dict[str, Any]:
    """What the study says of itself; nothing for a directory that is not a whole study's."""
    file = path / STUDY_INDEX
    if not file.exists():
        return {}
    try:
        index = json.loads(file.read_text(encoding="utf-8"))
        [path / name for name in index["runs"]]
        dict(index.get("axes", {})), dict(index.get("coordinates", {}))
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{file}: must hold the names of the study's runs") from None
    assert isinstance(index, dict)
    return index


def _mixture(runs: Sequence[Run]) -> Iterator[str]:
    """What makes runs hard to compare with one another."""
    splits = sorted({run.report_on for run in runs})
    if len(splits) > 1:
        yield f"accuracies are not comparable: reported on {', '.join(splits)}"
    tasks = {str(run.manifest.get("task_digest")) for run in runs}
    if len(tasks) > 1:
        yield "accuracies are not comparable: the runs are of different tasks"
    stops = {run.manifest["scenario"].get("stop", {}).get("target_accuracy") for run in runs}
    if len(stops) > 1:
        told = ", ".join(sorted("none" if stop is None else f"{stop:g}" for stop in stops))
        yield f"runs stop at different target accuracies ({told}): the best is not comparable"


def _run(manifest: Manifest, directory: Path, arm: str) -> Run:
    events = open_rows(directory / EVENTS)
    evaluations = open_rows(directory / EVALUATIONS)
    report_on = str(manifest["scenario"]["evaluation"]["report_on"])
    scores = evaluations.table(EvaluationRow, needed=_EVALUATION)
    majority = manifest["majority_accuracy"]
    run = Run(
        path=directory,
        arm=arm,
        seed=manifest["seed"],
        is_finished=recorded_sha256(directory) == events.index.sha256,
        n_clients=manifest["n_clients"],
        report_on=report_on,
        learner=manifest["learner"],
        majority_accuracy=None if majority is None else majority[report_on],
        metric=str(manifest.get("metric", "accuracy")),
        manifest=manifest,
        events=events,
        rounds=_flat(events.table(RoundRow, needed=_ROUND)).sort("t_s", maintain_order=True),
        decisions=_decisions(events),
        evaluations=_flat(scores).sort("t_s", maintain_order=True),
    )
    return replace(run, warnings=tuple(_remarks(run, evaluations)))


def _flat(rows: pl.DataFrame) -> pl.DataFrame:
    """The configuration as columns of its own."""
    return rows.unnest("config")


def _decisions(events: RowTables) -> pl.DataFrame:
    types = {"t_s": pl.Float64(), "trial": pl.Int64(), "chosen": pl.String(), "config": CONFIG}
    rows = [row for row in events.index.others if row.get("row") == DecisionRow.row]
    try:
        values = {name: [row[name] for row in rows] for name in types}
    except KeyError as error:
        raise ValueError(f"{events.path}: a row lacks {error}") from None
    return _flat(pl.DataFrame(values, schema=types)).sort("t_s", maintain_order=True)


def _remarks(run: Run, evaluations: RowTables) -> Iterator[str]:
    if not run.is_finished and (run.path / DONE).exists():
        yield "events.jsonl is not what DONE names; used as far as it can be read"
    elif not run.is_finished:
        yield f"unfinished, used up to simulated second {run.end_s:.6g}"
    for file in (run.events, evaluations):
        if file.index.is_cut:
            yield f"{file.path.name} ends within a row, which is left out"
    for row in run.events.index.others:
        if row.get("row") == FailedRow.row:
            yield f"failed: {row.get('error')}"
    if not (run.evaluations["split"] == run.report_on).any():
        yield f"has no evaluation on {run.report_on} yet"
