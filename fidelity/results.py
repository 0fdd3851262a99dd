"""What a world's directory holds of its runs: measured and predicted rows, and the profiles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from learner.store.atomic_file import write_whole

from .prediction import Row

KEPT, _PROFILES = "world.json", "profile.json"
_MEASURED, _PREDICTED = "measured.csv", "predicted.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The tables of a directory. They are written after every run, so that a measurement resumes.

    profiles: by arm, one for each of its runs in turn: `jobs_s` by client, `aggregation_s`,
    `wire_bytes`, `accuracy`.
    """

    directory: Path
    measured: list[Row] = field(default_factory=list)
    predicted: list[Row] = field(default_factory=list)
    profiles: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @staticmethod
    def resume(directory: Path, world: Mapping[str, Any]) -> Results:
        """The results of a directory, new or begun. world: what its runs have in common.

        Raises ValueError if the directory holds runs of another world.
        """
        kept, text = directory / KEPT, json.dumps(world, indent=1)
        is_begun = kept.exists() or (directory / _PROFILES).exists()
        if is_begun and not (
            kept.exists() and json.loads(kept.read_text(encoding="utf-8")) == json.loads(text)
        ):
            raise ValueError(
                f"{directory}: holds runs of another world, or of other rounds; name another --out"
            )
        directory.mkdir(parents=True, exist_ok=True)
        write_whole(kept, text.encode())
        return Results._read(directory)

    @staticmethod
    def read(directory: Path) -> Results:
        """The results of a measured directory. Raises ValueError where no run has ended."""
        results = Results._read(directory)
        if not results.profiles:
            raise ValueError(f"{directory}: holds no measured run; measure it with `fidelity run`")
        return results

    @staticmethod
    def _read(directory: Path) -> Results:
        """The runs whose profile was written, which is written last."""
        if not (directory / _PROFILES).exists():
            return Results(directory=directory)
        profiles = json.loads((directory / _PROFILES).read_text(encoding="utf-8"))
        n_runs = {arm: len(own) for arm, own in profiles.items()}
        measured, predicted = (
            [row for row in _rows(directory / name) if row["repeat"] < n_runs.get(row["arm"], 0)]
            for name in (_MEASURED, _PREDICTED)
        )
        return Results(
            directory=directory, measured=measured, predicted=predicted, profiles=profiles
        )

    @property
    def world(self) -> dict[str, Any]:
        """What all runs of the directory have in common."""
        kept: dict[str, Any] = json.loads((self.directory / KEPT).read_text(encoding="utf-8"))
        return kept

    def n_runs(self, arm: str) -> int:
        """Runs of an arm that have ended."""
        return len(self.profiles.get(arm, ()))

    def add(
        self, arm: str, profile: dict[str, Any], measured: Sequence[Row], predicted: Sequence[Row]
    ) -> None:
        """Add the arm's next run and write all tables; the profiles, which count runs, last."""
        self.measured.extend(measured)
        self.predicted.extend(predicted)
        self.profiles.setdefault(arm, []).append(profile)
        _write(self.directory / _MEASURED, self.measured)
        _write(self.directory / _PREDICTED, self.predicted)
        text = json.dumps(self.profiles, indent=1)
        write_whole(self.directory / _PROFILES, text.encode())

    def replace_predicted(self, rows: Sequence[Row]) -> None:
        """Write other predictions of the same runs."""
        _write(self.directory / _PREDICTED, rows)


def _rows(path: Path) -> list[Row]:
    return pl.read_csv(path, infer_schema_length=None).to_dicts()


def _write(path: Path, rows: Sequence[Row]) -> None:
    write_whole(path, pl.DataFrame(rows, infer_schema_length=None).write_csv().encode())
