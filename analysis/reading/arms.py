"""Some of a study's arms; names and points of the arms of a study with axes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .study import Study, hindsight_among

_MOST_NAMES = 5


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
            raise ValueError(f"{study.path}: has no arm {name!r}; its arms: {listed(study.arms)}")
    kept = {arm for arm, known in names.items() if known & set(arms)}
    return replace(
        study,
        runs=tuple(run for run in study.runs if run.arm in kept),
        coordinates={arm: at for arm, at in study.coordinates.items() if arm in kept},
        hindsight=hindsight_among(study.hindsight, kept),
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
    return _shared(places)


def _shared(places: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The coordinates that all of these places have."""
    first, *others = places
    return {
        axis: value
        for axis, value in first.items()
        if all(other.get(axis) == value for other in others)
    }


def point_of(study: Study, name: str) -> dict[str, Any]:
    """Return the point of the axes at which an arm lies, or all arms of a row in hindsight.

    Axes that set the configurator alone are left out: arms are compared along them. Empty for a
    study without axes.
    """
    arms = (name,) if name in study.arms else study.hindsight[name]
    shared = _shared([study.coordinates.get(arm, {}) for arm in arms])
    return {axis: value for axis, value in shared.items() if not _is_of_configurator(study, axis)}


def _is_of_configurator(study: Study, axis: str) -> bool:
    paths = study.axes.get(axis, ())
    return bool(paths) and all(path.split(".")[0] == "configurator" for path in paths)


def arms_at(study: Study, names: Iterable[str], point: Mapping[str, Any]) -> tuple[str, ...]:
    """Return those of the arms or rows in hindsight that lie at a point of the axes."""
    points = {name: point_of(study, name) for name in names}
    return tuple(
        name
        for name, own in points.items()
        if all(own.get(axis) == value for axis, value in point.items())
    )


def baseline_at(study: Study, baseline: str, point: Mapping[str, Any]) -> str | None:
    """Return the arm or row in hindsight that a baseline names at a point of the axes.

    A whole name means the same one at every point. A name without coordinates means the one of this
    name at the point; None if there is none.
    """
    names = (*study.arms, *study.hindsight)
    if baseline in names:
        return baseline
    here = (name for name in arms_at(study, names, point) if _series(study, name) == baseline)
    return next(here, None)


def check_baseline(study: Study, baseline: str) -> None:
    """Raise ValueError for a baseline that is no arm or row in hindsight, at no point."""
    names = (*study.arms, *study.hindsight)
    known = dict.fromkeys((*(_series(study, name) for name in names), *names))
    if not baseline or baseline not in known:
        text = listed([name for name in known if name])
        raise ValueError(f"{study.path}: has no arm {baseline!r} for a baseline; it has {text}")


def _series(study: Study, name: str) -> str:
    return series_of(name, point_of(study, name))


def listed(names: Sequence[str]) -> str:
    """Return names in quotes, at most five of them.

    >>> listed(["a", "b"]), listed("abcdefg")
    ("'a', 'b'", "'a', 'b', 'c', 'd', 'e' and 2 more")
    """
    text = ", ".join(map(repr, names[:_MOST_NAMES]))
    return text if len(names) <= _MOST_NAMES else f"{text} and {len(names) - _MOST_NAMES} more"


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
