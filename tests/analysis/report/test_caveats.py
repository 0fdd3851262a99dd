"""What a report and the caption of a table say of trials that are too short to judge by."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis import load_study
from analysis.report.caveats import caveats
from analysis.tables.caption import caption
from learner.spec import Adapter

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        ([{"keep": 3, "deeper": 2}, {"keep": 1, "deeper": 5}], None),
        ([{"keep": 2, "deeper": 1}, {"keep": 3, "deeper": 1}], "hold 2.5 rounds in the median."),
        (
            [{"keep": 9, "deeper": 7}, {"keep": 0, "deeper": 0}],
            "1 of its 2 trials ended before any branch had ended a round, so longer windows "
            "would lose less time.",
        ),
    ],
)
def test_short_trials_are_told(
    windows: list[Mapping[str, int]],
    said: str | None,
    study_dir: Path,
    write_run: Make,
    make_round: Make,
    make_evaluation: Make,
    make_decision: Make,
) -> None:
    decided = make_decision(10.0, Adapter(depth=1, width=8))
    trials = [replace(decided, trial=i, rounds=rounds) for i, rounds in enumerate(windows)]
    write_run("grows", events=[make_round(10.0), *trials], evaluations=[make_evaluation(9.0, 0.5)])
    study = load_study(study_dir)
    told = [text for text in caveats(study, []) if text.startswith("grows: ")]
    assert [text.endswith(said or "") for text in told] == [True] * (said is not None)
    assert [f"{text}." for text in caption(study).split("; ") if text.startswith("grows: ")] == told
