"""Scenario keys whose values differ between the arms of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.run_files import flatten

ABSENT = "–"
_TITLES = ("name",)


def differing_keys(scenarios: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return the dotted paths whose values differ, with the value of each scenario as text.

    >>> differing_keys({"a": {"lr": 1, "stop": {"rounds": 2}}, "b": {"lr": 1}})
    [('stop.rounds', ['2', '–'])]
    """
    flat = [flatten(scenario) for scenario in scenarios.values()]
    paths = dict.fromkeys(path for leaves in flat for path in leaves)
    rows = [(path, [_text(leaves.get(path, ABSENT)) for leaves in flat]) for path in paths]
    return [(path, cells) for path, cells in rows if len(set(cells)) > 1 and path not in _TITLES]


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
