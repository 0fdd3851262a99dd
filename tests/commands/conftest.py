"""The command line called as a user calls it, and a small study file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from commands import app

CLOCK = Path(__file__).parents[2] / "scenarios/paper/clock/agnews-88.yaml"

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """call(*arguments) -> (exit status, standard output, standard error)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fedadapter", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            app.main()
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    return run


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    """Two arms of the published clock, one of them with thrice the bandwidth."""
    base = yaml.safe_load(CLOCK.read_text())
    arms = {"slow": None, "fast": {"fleet.network.up_mbytes_per_s": 3.0}}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump({"name": "two", "base": base, "arms": arms, "seeds": [0]}))
    return path
