"""Assigns each arm of a study a colour and dashes, the same in all figures and in the report."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.measures import full_arms, is_moving
from analysis.reading.study import Study

from .scales import value_text
from .style import BASELINE, COLOURS, DASHES


@dataclass(frozen=True, slots=True)
class LineStyle:
    """A colour, and dashes in matplotlib's format."""

    colour: str
    dashes: Any


def arm_styles(study: Study) -> dict[str, LineStyle]:
    """Return line styles by arm: full fine-tuning dark; then arms whose configuration changes.

    A study with axes also has one for each arm without its coordinates, by the same rules.
    """
    full = full_arms(study)
    moving = {run.arm for run in study.runs if is_moving(run)}
    styles = _styles(study.arms, full, moving)
    if not study.coordinates:
        return styles
    series = {arm: series_of(arm, place) for arm, place in study.coordinates.items()}
    names = list(dict.fromkeys(series.values()))
    of_full, of_moving = ({series[arm] for arm in arms if arm in series} for arms in (full, moving))
    return _styles(names, [name for name in names if name in of_full], of_moving) | styles


def series_of(arm: str, place: Mapping[str, Any]) -> str:
    """Return the name of an arm of a study with axes without its coordinates.

    >>> series_of("medium, participants=5", {"rounds.participants": 5})
    'medium'
    """
    for axis, value in reversed(list(place.items())):
        arm = _without(arm, axis, value_text(value))
    return arm


def _without(arm: str, axis: str, text: str) -> str:
    for token in (f"{axis}={text}", f"{axis.rsplit('.', 1)[-1]}={text}", text):
        if arm == token:
            return ""
        if arm.endswith(f", {token}"):
            return arm.removesuffix(f", {token}")
    return arm


def _styles(
    arms: Sequence[str], full: Sequence[str], moving: Collection[str]
) -> dict[str, LineStyle]:
    others = sorted((a for a in arms if a not in full), key=lambda a: (a not in moving, a))
    styles = {arm: LineStyle(BASELINE, DASHES[i % len(DASHES)]) for i, arm in enumerate(full)}
    for i, arm in enumerate(others):
        styles[arm] = LineStyle(COLOURS[i % len(COLOURS)], DASHES[i // len(COLOURS) % len(DASHES)])
    return styles
