"""Which colour and line style an arm has, in every figure of its study and in the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.measures import full_arms, is_moving
from analysis.reading.load import Study

from .style import BASELINE, COLOURS, DASHES


@dataclass(frozen=True, slots=True)
class Look:
    """A colour, and dashes as matplotlib takes them."""

    colour: str
    dashes: Any


def arm_looks(study: Study) -> dict[str, Look]:
    """Full fine-tuning is dark, then the moving arms, then the others in order of their names."""
    full = full_arms(study)
    moving = {run.arm for run in study.runs if is_moving(run)}
    others = sorted((a for a in study.arms if a not in full), key=lambda a: (a not in moving, a))
    looks = {arm: Look(BASELINE, DASHES[i % len(DASHES)]) for i, arm in enumerate(full)}
    for i, arm in enumerate(others):
        looks[arm] = Look(COLOURS[i % len(COLOURS)], DASHES[i // len(COLOURS) % len(DASHES)])
    return looks
