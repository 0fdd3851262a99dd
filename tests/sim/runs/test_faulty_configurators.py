"""Mistakes in a user's configurator end a run with one line that says where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.build.checks import check_scenario
from sim.runs.run import run_scenario
from sim.scenario.file import ScenarioError

FAULTY = "tests.sim.runs.faulty_parts:Faulty"
LINE = r"\(faulty_parts.py, line \d+\)"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"{FAULTY}(where='made')", r"values do not fit .*:Faulty: KeyError\('lost'\)"),
        (f"{FAULTY}(where='initial')", rf"Faulty.initial raised KeyError: 'lost' {LINE}"),
        (f"{FAULTY}(where='initial', answer='full')", "must return a plan, .*, got 'full'"),
        ("configurator:Search(candidates=7)", "rounds.participants must be at least 7"),
        (
            "configurator:ByDevice(deepest={'kind': 'lora', 'depth': 13, 'rank': 4})",
            r"deepest.depth must be at most 12 \(the model's layers\), got 13",
        ),
    ],
)
def test_before_the_run(make: Any, text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_scenario(make(configurator=text))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"{FAULTY}(where='propose')", rf"Faulty.propose raised KeyError: 'lost' {LINE}"),
        (f"{FAULTY}(where='depth', answer=-1)", rf"raised ValueError: depth must .* {LINE}"),
        (f"{FAULTY}(where='propose', answer=7)", "propose must return a Trial or None, got 7"),
        (f"{FAULTY}(where='plan', answer='x')", "branch 'only' must have a plan, .*, got 'x'"),
        (f"{FAULTY}(where='depth', answer=1.5)", "must have a plan of whole numbers, got .1.5, 8."),
    ],
)
def test_in_the_run(make: Any, tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        run_scenario(make(configurator=text), out=tmp_path)


@pytest.mark.parametrize("value", ["1e999", "{'a': [1e999]}"])
def test_values_that_are_not_finite(make: Any, value: str) -> None:
    with pytest.raises(ScenarioError, match=r"values.level must be finite"):
        make(configurator=f"{FAULTY}(level={value})")


def test_a_value_that_is_named_twice(make: Any) -> None:
    with pytest.raises(ScenarioError, match=r"of the form module:Class"):
        make(configurator=f"{FAULTY}(level=1.0, level=2.0)")
