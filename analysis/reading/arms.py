"""Some of a study's arms, and the names of arms of a study with axes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .study import Study


def chosen_arms(study: Study, arms: Sequence[str]) -> Study:
    """Return the study with these arms alone, in its own order; with none named, the whole study.

    An arm of a study with axes may be named without its coordinates. A row in hindsight needs two
    of its arms. Raises ValueError for a name that no arm has.
    """
    if not arms:
        return study
    names = {arm: {arm, series_of(arm, study.coordinates.get(arm, {}))} for arm in study.arms}
    for name in arms:
        if not any(name in known for known in names.values()):
            raise ValueError(f"{study.path}: has no arm {name}; its arms: {', '.join(study.arms)}")
    kept = {arm for arm, known in names.items() if known & set(arms)}
    return replace(
        study,
        runs=tuple(run for run in study.runs if run.arm in kept),
        coordinates={arm: at for arm, at in study.coordinates.items() if arm in kept},
        hindsight={
            name: own
            for name, arms_of in study.hindsight.items()
            if len(own := [arm for arm in arms_of if arm in kept]) > 1
        },
        missing={arm: seeds for arm, seeds in study.missing.items() if arm in kept},
    )


def series_of(arm: str, place: Mapping[str, Any]) -> str:
    """Return the name of an arm of a study with axes without its coordinates.

    >>> series_of("medium, participants=5", {"rounds.participants": 5})
    'medium'
    """
    for axis, value in reversed(list(place.items())):
        arm = _without(arm, axis, value_text(value))
    return arm


def labels_of(study: Study) -> dict[str, str]:
    """Return what a figure calls each arm: its name without what all arms have in common."""
    shared = shared_place(study)
    return {arm: series_of(arm, shared) for arm in study.arms}


def shared_place(study: Study) -> dict[str, Any]:
    """Return the values of axes that all arms of a study have: its figures can name them once.

    A study with a single arm shares none.
    """
    places = [study.coordinates.get(arm, {}) for arm in study.arms]
    if len(places) < 2:
        return {}
    first, *others = places
    return {
        axis: value
        for axis, value in first.items()
        if all(other.get(axis) == value for other in others)
    }


def _without(arm: str, axis: str, text: str) -> str:
    for token in (f"{axis}={text}", f"{axis.rsplit('.', 1)[-1]}={text}", text):
        if arm == token:
            return ""
        if arm.endswith(f", {token}"):
            return arm.removesuffix(f", {token}")
    return arm


def value_text(value: Any) -> str:
    """Return a coordinate as text, as a study writes it in arm names."""
    return value if isinstance(value, str) else json.dumps(value, default=str)
