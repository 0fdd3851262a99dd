"""DONE covers every file that results are read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim import run_scenario
from sim.done import (
    change_warnings,
    changed_files,
    file_sha256,
    recorded_sha256,
    uncovered_files,
    write_done,
)

NAMES = ("events.jsonl", "evaluations.jsonl", "manifest.json", "partition.json", "scenario.yaml")


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).write_text(name)
    write_done(tmp_path)
    return tmp_path


def test_done_covers_every_file_of_a_run(tmp_path: Path, make: Any) -> None:
    run = run_scenario(make(), out=tmp_path)
    recorded = recorded_sha256(run.run_dir)
    assert recorded is not None
    assert recorded["events.jsonl"] == run.events_sha256
    assert {path.name for path in run.run_dir.glob("[!.]*")} == {*recorded, "DONE"}
    assert (changed_files(run.run_dir), uncovered_files(run.run_dir)) == ([], [])


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_or_missing_file_is_named(finished: Path, name: str) -> None:
    (finished / name).write_text("other")
    assert changed_files(finished) == [name]
    (finished / name).unlink()
    assert changed_files(finished) == [name]
    (told,) = change_warnings(finished)
    assert told.startswith(f"{name} differs from what DONE records")


def test_a_sha256_that_is_known_is_not_computed_again(finished: Path) -> None:
    known = {"events.jsonl": file_sha256(finished / "events.jsonl")}
    (finished / "events.jsonl").write_text("other")
    assert changed_files(finished, known) == []
    assert changed_files(finished, {"events.jsonl": "0"}) == ["events.jsonl"]


def test_without_done_nothing_has_changed(tmp_path: Path) -> None:
    assert recorded_sha256(tmp_path) is None
    assert list(change_warnings(tmp_path)) == []


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"events_sha256": null}', "\x00", '{"sha256": {}}', "[" * 9999]
)
def test_a_done_that_no_run_writes_records_nothing(finished: Path, content: str) -> None:
    (finished / "DONE").write_text(content)
    assert recorded_sha256(finished) is None
    assert changed_files(finished) == ["DONE"]
