"""What a world's directory holds of its runs: measured and predicted rows, and the profiles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from .prediction import Row

_KEPT = "world.json"


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
        directory.mkdir(parents=True, exist_ok=True)
        kept, text = directory / _KEPT, json.dumps(world, indent=1)
        if kept.exists() and kept.read_text(encoding="utf-8") != text:
            raise ValueError(f"{directory}: holds runs of another world; name another --out")
        kept.write_text(text, encoding="utf-8")
        return Results.read(directory)

    @staticmethod
    def read(directory: Path) -> Results:
        """The results that a directory holds; none where no run has ended yet."""
        if not (directory / "profile.json").exists():
            return Results(directory=directory)
        return Results(
            directory=directory,
            measured=_rows(directory / "measured.csv"),
            predicted=_rows(directory / "predicted.csv"),
            profiles=json.loads((directory / "profile.json").read_text(encoding="utf-8")),
        )

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
        _write(self.directory / "measured.csv", self.measured)
        _write(self.directory / "predicted.csv", self.predicted)
        text = json.dumps(self.profiles, indent=1)
        (self.directory / "profile.json").write_text(text, encoding="utf-8")

    def replace_predicted(self, rows: Sequence[Row]) -> None:
        """Write other predictions of the same runs."""
        _write(self.directory / "predicted.csv", rows)


def _rows(path: Path) -> list[Row]:
    return pl.read_csv(path, infer_schema_length=None).to_dicts()


def _write(path: Path, rows: Sequence[Row]) -> None:
    pl.DataFrame(rows, infer_schema_length=None).write_csv(path)
