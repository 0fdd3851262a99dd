"""Assigns each arm of a study a colour and dashes, the same in all figures and in the report."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.colors import to_hex, to_rgb

from analysis.measures import full_arms, is_moving
from analysis.reading.arms import series_of
from analysis.reading.study import Study

from .style import BASELINE, COLOURS, DASHES

_MIXED = 0.4
"""The most black or white in a shade."""


@dataclass(frozen=True, slots=True)
class LineStyle:
    """A colour, and dashes in matplotlib's format."""

    colour: str
    dashes: Any


def arm_styles(study: Study) -> dict[str, LineStyle]:
    """Return line styles by arm: full fine-tuning dark; then arms whose configuration changes.

    A study with axes also has one for each arm without its coordinates, by the same rules; the arm
    at its points has shades of this colour, from dark to light.
    """
    full = full_arms(study)
    moving = {run.arm for run in study.runs if is_moving(run)}
    styles = _styles(study.arms, full, moving)
    if not study.coordinates:
        return styles
    series = {arm: series_of(arm, place) for arm, place in study.coordinates.items()}
    names = list(dict.fromkeys(series.values()))
    of_full, of_moving = ({series[arm] for arm in arms if arm in series} for arms in (full, moving))
    own = _styles(names, [name for name in names if name in of_full], of_moving)
    if len(names) == 1:  # points of one arm have colours of their own
        return styles | own
    return styles | _shades(study.arms, series, own) | own


def _shades(
    arms: Sequence[str], series: Mapping[str, str], own: Mapping[str, LineStyle]
) -> dict[str, LineStyle]:
    """The styles of arms at their points: shades of the colour of their series."""
    styles = {}
    for name, style in own.items():
        points = [arm for arm in arms if series.get(arm) == name]
        for i, arm in enumerate(points):
            share = i / (len(points) - 1) if len(points) > 1 else 0.5
            styles[arm] = LineStyle(_shade(style.colour, share), style.dashes)
    return styles


def _shade(colour: str, share: float) -> str:
    """A colour mixed with black (share 0) up to with white (share 1), at most _MIXED of either."""
    mixed = _MIXED * abs(2 * share - 1)
    other = 0.0 if share < 0.5 else 1.0
    red, green, blue = ((1 - mixed) * part + mixed * other for part in to_rgb(colour))
    return to_hex((red, green, blue))


def _styles(
    arms: Sequence[str], full: Sequence[str], moving: Collection[str]
) -> dict[str, LineStyle]:
    others = sorted((a for a in arms if a not in full), key=lambda a: (a not in moving, a))
    styles = {arm: LineStyle(BASELINE, DASHES[i % len(DASHES)]) for i, arm in enumerate(full)}
    for i, arm in enumerate(others):
        styles[arm] = LineStyle(COLOURS[i % len(COLOURS)], DASHES[i // len(COLOURS) % len(DASHES)])
    return styles
