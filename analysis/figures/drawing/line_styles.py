"""Assigns each arm of a study a colour and dashes, the same in all figures and in the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.measures import full_arms, is_moving
from analysis.reading.study import Study

from .style import BASELINE, COLOURS, DASHES


@dataclass(frozen=True, slots=True)
class LineStyle:
    """A colour, and dashes in matplotlib's format."""

    colour: str
    dashes: Any


def arm_styles(study: Study) -> dict[str, LineStyle]:
    """Return line styles by arm: full fine-tuning dark; then arms whose configuration changes."""
    full = full_arms(study)
    moving = {run.arm for run in study.runs if is_moving(run)}
    others = sorted((a for a in study.arms if a not in full), key=lambda a: (a not in moving, a))
    styles = {arm: LineStyle(BASELINE, DASHES[i % len(DASHES)]) for i, arm in enumerate(full)}
    for i, arm in enumerate(others):
        styles[arm] = LineStyle(COLOURS[i % len(COLOURS)], DASHES[i // len(COLOURS) % len(DASHES)])
    return styles
