"""Progress as the terminal shows it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from commands.display import Display
from sim.runs.progress import RunProgress


def progress(run: str = "r", fraction: float | None = None, **fields: Any) -> RunProgress:
    whole: Any = {"sim_s": 2.0, "round": 1, "config": "c", "accuracy": 0.5} | fields
    return RunProgress(run=run, fraction=fraction, **whole)


def test_progress_shows_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    name = "[/x] closes [abc] :bug:"
    with Display() as display:
        display.show(progress(name))
    line = f"{name}  2.0 s  round 1  50.0%  c  0 trainings, 0 store hits  \n"
    assert capsys.readouterr().err == line


def test_progress_shows_what_comes_before_training(capsys: pytest.CaptureFixture[str]) -> None:
    shown: Any = {"sim_s": 0.0, "round": 0, "accuracy": None}
    with Display() as display:
        display.show(progress(**shown, doing="encoding: 40%"))
        display.printed_s.clear()
        display.show(progress(fraction=0.0, **shown))
    assert capsys.readouterr().err.split("\n")[:2] == [
        "r  0.0 s  round 0    encoding: 40%  0 trainings, 0 store hits  ",
        "r  0.0 s  round 0    c  0 trainings, 0 store hits  ",
    ]


def test_a_branch_of_a_trial_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with Display() as display:
        display.show(progress(branch="deeper, round 3"))
    assert "  deeper, round 3: c  " in capsys.readouterr().err


def test_one_estimate_for_all_runs_ends_at_zero(capsys: pytest.CaptureFixture[str]) -> None:
    with Display(n_runs=2) as display:
        display.started_s -= 100.0  # a run took 100 s, so the other is expected to take as long
        display.show(progress("a", 1.0, is_done=True))
        display.show(progress("b", 1.0, is_done=True))
    first, last = capsys.readouterr().err.splitlines()
    assert re.search(r"1 of 2 runs, about 10[0-3] s left$", first)
    assert last.endswith("2 of 2 runs, about 0 s left")


def test_what_is_completed_never_falls(capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    with Display(n_runs=2, as_json=True) as display:
        for one in (
            progress("a", 0.5),
            progress("a", None),
            progress("a", 0.2),
            progress("b", 0.1),
        ):
            display.show(one)
            seen.append(display.completed)
    assert seen == sorted(seen)
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {event["event"] for event in events} == {"progress"}
    assert all(event["left_s"] >= 0 and event["runs"] == 2 for event in events)


def test_warnings_are_events_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    with Display(as_json=True) as display:
        display.show(progress(warning="one label"))
    assert json.loads(capsys.readouterr().err) == {"event": "warning", "warning": "one label"}


def test_long_names_in_the_live_table_differ() -> None:
    display = Display(n_runs=2)
    names = [f"a configuration with a name of many letters, learning rate 0.00{i}" for i in (1, 2)]
    for name in names:
        display.latest[name, 0] = progress(name)
    (table, *_) = display._table().renderables
    cells = list(table.columns[0].cells)  # type: ignore[union-attr]  # a Table
    assert len(set(cells)) == 2
    assert all(len(str(cell)) <= 40 for cell in cells)
