"""The parts of a study file that are for its table only: published numbers and hindsight arms.

They change no run and are stored in the study's index.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_ROW_KEYS = ("targets", "hours", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """The published hours to each target accuracy (0-1) for an arm.

    `reason`: why simulated hours may differ from them.
    """

    arm: str
    targets: tuple[float, ...]
    hours: tuple[float, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """`source` and `published`: published numbers. `hindsight`: by name, a list of arms; the table
    shows the best of them for every target under this name."""

    source: str = ""
    published: tuple[PublishedRow, ...] = ()
    hindsight: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_notes(mapping: Mapping[str, Any], arms: Sequence[str]) -> Notes:
    """Read the keys `published` and `hindsight` of a study file. Raises ValueError."""
    hindsight = mapping.get("hindsight", {})
    _require(isinstance(hindsight, dict), "hindsight", "a mapping of names to arms", hindsight)
    for name, members in hindsight.items():
        is_name = bool(name.strip()) and name.isprintable() and name not in arms
        rule = "a mapping of printable names, none of them an arm's, to arms"
        _require(is_name, "hindsight", rule, name)
        is_list = isinstance(members, list) and bool(members)
        _require(is_list, f"hindsight.{name}", "a list of arms", members)
        for member in members:
            _require(member in arms, f"hindsight.{name}", "a list of arms of the study", member)
    published = mapping.get("published", {"source": "", "rows": {}})
    is_whole = isinstance(published, dict) and set(published) == {"source", "rows"}
    _require(is_whole, "published", "a mapping of source and rows", published)
    _require(isinstance(published["rows"], dict), "published.rows", "a mapping", published["rows"])
    return Notes(
        source=str(published["source"]),
        published=tuple(_row(arm, row, arms) for arm, row in published["rows"].items()),
        hindsight={str(name): tuple(members) for name, members in hindsight.items()},
    )


def _row(arm: str, row: Any, arms: Sequence[str]) -> PublishedRow:
    where = f"published.rows.{arm}"
    _require(arm in arms, where, "an arm of the study", arm)
    is_whole = isinstance(row, dict) and set(row) == set(_ROW_KEYS)
    _require(is_whole, where, f"a mapping of {', '.join(_ROW_KEYS)}", row)
    targets, hours = row["targets"], row["hours"]
    is_list = _is_amounts(targets) and max(targets) <= 1
    rule = "a list of accuracies above 0 and at most 1"
    _require(is_list, f"{where}.targets", rule, targets)
    is_list = _is_amounts(hours) and len(hours) == len(targets)
    rule = "a list of numbers above 0, one for each target"
    _require(is_list, f"{where}.hours", rule, hours)
    _require(isinstance(row["reason"], str), f"{where}.reason", "text", row["reason"])
    return PublishedRow(arm=arm, targets=tuple(targets), hours=tuple(hours), reason=row["reason"])


def _is_amounts(numbers: Any) -> bool:
    """Whether it is a list of at least one number, all of them finite and above 0."""
    is_list = isinstance(numbers, list) and bool(numbers)
    return is_list and all(type(n) in (int, float) and 0 < n < math.inf for n in numbers)


def _require(rule: bool, key: str, what: str, got: Any) -> None:
    if not rule:
        raise ValueError(f"{key} must be {what}, got {got!r}")
