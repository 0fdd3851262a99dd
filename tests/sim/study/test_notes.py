"""The parts of a study file that are for its table only."""

from __future__ import annotations

from typing import Any

import pytest

from sim.study.notes import Notes, PublishedRow, read_notes

ROW = {"targets": [0.6, 0.5], "hours": [2, 1.5], "reason": "why"}


def published(**changes: Any) -> dict[str, Any]:
    return {"published": {"source": "a paper", "rows": {"a": ROW | changes}}}


def test_published_numbers_and_hindsight_arms_are_read() -> None:
    mapping = published() | {"hindsight": {"oracle": ["a", "b"]}}
    assert read_notes(mapping, ["a", "b"]) == Notes(
        source="a paper",
        published=(PublishedRow(arm="a", targets=(0.6, 0.5), hours=(2, 1.5), reason="why"),),
        hindsight={"oracle": ("a", "b")},
    )
    assert read_notes({}, ["a"]) == Notes()


@pytest.mark.parametrize(
    ("mapping", "rule"),
    [
        ({"hindsight": 3}, "hindsight must be a mapping of names to arms, got 3"),
        ({"hindsight": {"o": []}}, r"hindsight.o must be a list of arms, got \[\]"),
        (
            {"hindsight": {"a": ["a"]}},
            "hindsight must be .* names, none of them an arm's, .* got 'a'",
        ),
        ({"hindsight": {" ": ["a"]}}, "hindsight must be a mapping of printable names, .* got ' '"),
        ({"hindsight": {"o": ["z"]}}, "hindsight.o must be a list of arms of the study, got 'z'"),
        ({"published": []}, "published must be a mapping of source and rows"),
        ({"published": {"source": "", "rows": 3}}, "published.rows must be a mapping, got 3"),
        ({"published": {"source": "", "rows": {"z": ROW}}}, "must be an arm of the study, got 'z'"),
        (published(more=1), "published.rows.a must be a mapping of targets, hours, reason"),
        (published(hours=[1]), "published.rows.a.hours must be a list of numbers above 0, one f"),
        (published(hours=[1, float("inf")]), "published.rows.a.hours must be a list of numbers"),
        (published(targets=[0, 1]), "published.rows.a.targets must be a list of accuracies above "),
        (
            published(targets=[90, 80]),
            r"must be a list of accuracies above 0 and at most 1, got \[9",
        ),
        (
            published(targets=[], hours=[]),
            r"rows.a.targets must be a list of accuracies.*, got \[\]",
        ),
        (published(reason=1), "published.rows.a.reason must be text, got 1"),
    ],
)
def test_invalid_notes_are_refused(mapping: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        read_notes(mapping, ["a"])
