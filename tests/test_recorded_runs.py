"""The recorded runs of docs/results/runs are whole, and give the tables that come from them."""

from __future__ import annotations

import csv
import io
import math
import tarfile
from pathlib import Path

import pytest

from analysis import Study, load_study, table_rows
from analysis.reading.arms import chosen_arms
from analysis.tables.formats import render

RESULTS = Path(__file__).parents[1] / "docs/results"
ARCHIVES = sorted((RESULTS / "runs").glob("*.tar.xz"))

TABLES: dict[str, tuple[str, str | None]] = {
    "policies/by-device-20ng-absences.csv": ("20ng/worlds", "fixed LoRA (2, 4), absences"),
    "policies/by-device-trec-5-9.csv": ("trec/worlds", "fixed LoRA (3, 4)"),
    "policies/rivals-conll.csv": ("conll/rivals", "best fixed LoRA"),
    "policies/choose-rivals.csv": ("tuning-rivals", None),
    "policies/hindsight.csv": ("hindsight", "best single depth"),
}
"""By published table: the study that it comes from, and its baseline, if any."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("recorded")
    for archive in ARCHIVES:
        with tarfile.open(archive) as tar:
            tar.extractall(directory, filter="data")
    return directory


def studies(recorded: Path) -> list[Study]:
    return [load_study(index.parent) for index in sorted(recorded.rglob("study.json"))]


def test_every_archive_holds_a_study_whose_runs_are_as_they_ended(recorded: Path) -> None:
    found = studies(recorded)
    assert len(found) >= len(ARCHIVES) > 0
    for study in found:
        assert all(run.is_finished for run in study.runs), study.path
        assert [line for run in study.runs for line in run.warnings] == [], study.path


def test_a_recorded_command_names_no_path_of_a_machine(recorded: Path) -> None:
    commands = {run.manifest["command"] for study in studies(recorded) for run in study.runs}
    assert all(command.startswith("python -m fedadapter study") for command in commands)
    assert not any(word.strip("'").startswith("/") for one in commands for word in one.split())


@pytest.mark.parametrize("table", TABLES)
def test_a_published_table_comes_from_its_recorded_runs(table: str, recorded: Path) -> None:
    published = list(csv.DictReader(io.StringIO((RESULTS / table).read_text())))
    directory, baseline = TABLES[table]
    study, named = load_study(recorded / directory), {row["arm"] for row in published}
    targets = sorted({float(row["target_accuracy"]) for row in published if row["n_seeds"]})
    study = chosen_arms(study, [arm for arm in study.arms if arm in named])
    rows = table_rows(study, targets, (), "sustained", baseline)
    again = list(csv.DictReader(io.StringIO(render(rows, "csv"))))
    assert [row["arm"] for row in again] == [row["arm"] for row in published]
    for old, new in zip(published, again, strict=True):
        for key, text in old.items():
            assert new[key] == text or math.isclose(float(new[key]), float(text)), key
