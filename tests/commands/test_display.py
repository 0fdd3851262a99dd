"""Progress as the terminal shows it."""

from __future__ import annotations

from typing import Any

import pytest

from commands.display import Display
from sim.runs.progress import RunProgress


def test_progress_shows_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    name = "[/x] closes [abc] :bug:"
    progress = RunProgress(run=name, sim_s=2.0, round=1, config="c", accuracy=0.5, fraction=0.1)
    with Display() as display:
        display.show(progress)
    line = f"{name}  2.0 s  round 1  50.0%  c  0 trainings, 0 store hits  \n"
    assert capsys.readouterr().err == line


def test_progress_shows_what_comes_before_training(capsys: pytest.CaptureFixture[str]) -> None:
    shown: Any = {"run": "r", "sim_s": 0.0, "round": 0, "accuracy": None}
    with Display() as display:
        before = RunProgress(**shown, config="", fraction=None, doing="encoding: 40%")
        display.show(before)
        display.printed_s.clear()
        display.show(RunProgress(**shown, config="c", fraction=0.0))
    assert capsys.readouterr().err.split("\n")[:2] == [
        "r  0.0 s  round 0    encoding: 40%  0 trainings, 0 store hits  ",
        "r  0.0 s  round 0    c  0 trainings, 0 store hits  ",
    ]
