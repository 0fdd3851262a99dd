"""Commit, dirty flag and command line: in the manifest, and in no row."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sim.run_files import read_manifest
from sim.runs.provenance import commit, provenance
from sim.runs.run import run_scenario

ROOT = Path(__file__).parents[3]


def git(directory: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(directory), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "code.py").write_text("a = 1\n")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    commit.cache_clear()
    return tmp_path


def test_a_clean_checkout_has_its_commit(checkout: Path) -> None:
    (checkout / "runs").mkdir()
    (checkout / "runs/output").touch()  # not tracked: results lie beside the code
    assert commit(checkout) == {"commit": git(checkout, "rev-parse", "HEAD"), "dirty": False}


def test_a_changed_file_makes_it_dirty(checkout: Path) -> None:
    (checkout / "code.py").write_text("a = 2\n")
    assert commit(checkout)["dirty"] is True


def test_a_package_installed_below_another_checkout_has_no_commit(checkout: Path) -> None:
    """The commit of the user's own repository says nothing about this project."""
    installed = checkout / ".venv/lib/site-packages"
    installed.mkdir(parents=True)
    assert commit(installed) == {"commit": None, "dirty": None}


def test_without_git_there_is_no_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert commit(checkout) == {"commit": None, "dirty": None}


def test_the_command_line_is_in_the_manifest_and_changes_nothing_else(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs, directories = [], []
    for out, arguments in (("a", ["run", "a b.yaml"]), ("b", ["run", "b.yaml", "--workers", "2"])):
        monkeypatch.setattr(sys, "argv", ["fedadapter", *arguments])
        run = run_scenario(make(), out=tmp_path / out)
        files = ("events.jsonl", "evaluations.jsonl", "scenario.yaml")
        logs.append([(run.run_dir / name).read_bytes() for name in files])
        directories.append(run.run_dir.relative_to(tmp_path / out))
    assert read_manifest(tmp_path / "a" / directories[0]).get("command") == (
        "fedadapter run 'a b.yaml'"
    )
    assert logs[0] == logs[1]
    assert directories[0] == directories[1]


def test_another_command_line_resumes_a_run(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_scenario(make(), out=tmp_path)
    (first.run_dir / "DONE").unlink()
    monkeypatch.setattr(sys, "argv", ["fedadapter", "study", "other.yaml"])
    assert run_scenario(make(), out=tmp_path).events_sha256 == first.events_sha256


def test_the_command_has_no_path_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/opt/venv/bin/fedadapter", "run", "my scenario.yaml"])
    assert provenance()["command"] == "fedadapter run 'my scenario.yaml'"
    monkeypatch.setattr("sys.argv", ["/opt/project/fedadapter/__main__.py", "study"])
    assert provenance()["command"] == "python -m fedadapter study"
