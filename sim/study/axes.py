"""The axes of a study. A study runs every arm at every combination of their points.

An axis must not set a key of an arm at all its points: the arm's value would be lost.

axes:
  rounds.participants: [3, 6, 15, 30]           # values of one key
  bandwidth:                                    # each value is set for several keys
    path: [fleet.network.down_mbytes_per_s, fleet.network.up_mbytes_per_s]
    log: {from: 0.1, to: 10, points: 7}         # or values: [0.1, 1, 10]
  fleet:                                        # named variants
    variants: {tx2: {fleet.devices: {jetson-tx2: 1}}, nano: {fleet.devices: {jetson-nano: 1}}}
  budget:                                       # keys that move together
    zip: {rounds.participants: [5, 10], training.max_batches: [20, 10]}
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from learner.ranges import require

MOST_RUNS = 100_000
"""Runs of a study: at 20 kB for the files of the smallest run, 2 GB."""

_FORMS = ("values", "log", "zip", "variants")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point of an axis.

    `changes`: dotted key paths and the values to set. `value`: its coordinate (the name of a
    variant). `label`: its part of the run's name.
    """

    label: str
    value: Any
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis with its points in order; `paths` are the key paths that they set."""

    name: str
    paths: tuple[str, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """An arm at one combination of points.

    `arm`: the arm's own name, without the points. `changes`: dotted key paths and the values to
    set. `coordinates`: its value on each axis.
    """

    name: str
    arm: str
    changes: Mapping[str, Any]
    coordinates: Mapping[str, Any] = field(default_factory=dict)


def read_axes(mapping: Any) -> tuple[Axis, ...]:
    """The axes of a study file, in its order. Raises ValueError, naming the axis."""
    require(isinstance(mapping, dict), f"axes must be a mapping of names to axes, got {mapping!r}")
    names = Counter(str(name).rsplit(".", 1)[-1] for name in mapping)
    axes = []
    for name, content in mapping.items():
        last = str(name).rsplit(".", 1)[-1]
        label = last if names[last] == 1 else str(name)
        axes.append(_axis(str(name), label, content))
    _refuse_shared_paths(axes)
    return tuple(axes)


def refuse_lost_keys(arms: Mapping[str, Mapping[str, Any]], axes: Sequence[Axis]) -> None:
    """Raise ValueError for a key of an arm that every point of an axis sets, so that it is lost.

    Some variants of an axis may set a key for which the arm has the value of the others.
    """
    for (arm, changes), axis in product(arms.items(), axes):
        for key, value in _leaves(changes):
            require(
                not all(_replaces(point, key) for point in axis.points),
                f"arms.{arm} must not set {key}, which all points of axes.{axis.name} set, "
                f"got {value!r:.40}; remove one of the two",
            )


def cross(arms: Mapping[str, Mapping[str, Any]], axes: Sequence[Axis]) -> Iterator[Cell]:
    """Every arm at every combination of points; the last axis varies fastest.

    A cell is named by its arm and the labels of its points, so that a value added to an axis leaves
    the names of the other cells as they were.
    """
    named = arms or {"": {}}
    for arm, changes in named.items():
        for points in product(*(axis.points for axis in axes)):
            labels = [arm] * bool(arm) + [point.label for point in points]
            sets: dict[str, Any] = dict(changes)
            for point in points:
                sets |= point.changes
            values = [point.value for point in points]
            coordinates = dict(zip((axis.name for axis in axes), values, strict=True))
            name = ", ".join(labels)
            yield Cell(name=name, arm=arm, changes=sets, coordinates=coordinates)


def log_range(low: float, high: float, points: int) -> list[float]:
    """`points` values from low to high with equal ratios, rounded to six digits.

    >>> log_range(0.1, 10, 5)
    [0.1, 0.316228, 1.0, 3.16228, 10.0]
    """
    steps = [i / (points - 1) for i in range(points)]
    return [float(f"{low * (high / low) ** step:.6g}") for step in steps]


def _axis(name: str, label: str, content: Any) -> Axis:
    where = f"axes.{name}"
    if isinstance(content, list):
        content = {"values": content}
    require(isinstance(content, dict), f"{where} must be a list or a mapping, got {content!r}")
    forms = [key for key in _FORMS if key in content]
    require(len(forms) == 1, f"{where} must have one of {', '.join(_FORMS)}, got {_listed(forms)}")
    known = {*forms, "path"} if forms[0] in ("values", "log") else set(forms)
    for key in content:
        require(key in known, f"{where}.{key} is not a known key; known: {_listed(sorted(known))}")
    match forms[0]:
        case "variants":
            points = _variants(where, content["variants"])
        case "zip":
            points = _zipped(where, label, content["zip"])
        case _:
            paths = _paths(where, content.get("path", name))
            values = _logarithmic(where, content["log"]) if "log" in content else content["values"]
            points = _grid(where, label, paths, values)
    _refuse_equal_points(where, points)
    changed = dict.fromkeys(path for point in points for path in point.changes)
    return Axis(name=name, paths=tuple(changed), points=tuple(points))


def _grid(where: str, label: str, paths: Sequence[str], values: Any) -> list[Point]:
    require(
        isinstance(values, list) and bool(values),
        f"{where}.values must be a list with at least one value, got {values!r}",
    )
    return [_point(label, value, dict.fromkeys(paths, value)) for value in values]


def _variants(where: str, variants: Any) -> list[Point]:
    require(
        isinstance(variants, dict) and bool(variants),
        f"{where}.variants must be a mapping with at least one variant, got {variants!r}",
    )
    points = []
    for name, changes in variants.items():
        require(isinstance(name, str), f"{where}.variants must have names of text, got {name!r}")
        require(
            isinstance(changes, dict | None),
            f"{where}.variants.{name} must be a mapping of paths to values, got {changes!r}",
        )
        points.append(Point(label=str(name), value=str(name), changes=changes or {}))
    return points


def _zipped(where: str, label: str, columns: Any) -> list[Point]:
    require(
        isinstance(columns, dict)
        and len(columns) > 1
        and all(isinstance(values, list) and values for values in columns.values()),
        f"{where}.zip must be a mapping of two paths or more to lists, got {columns!r}",
    )
    lengths = {path: len(values) for path, values in columns.items()}
    require(
        len(set(lengths.values())) == 1,
        f"{where}.zip must have lists of one length, got {lengths}",
    )
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    texts = ["/".join(_text(value) for value in row.values()) for row in rows]
    return [
        Point(label=f"{label}={text}", value=text, changes=row)
        for text, row in zip(texts, rows, strict=True)
    ]


def _logarithmic(where: str, log: Any) -> list[float]:
    rule = f"{where}.log must be {{from: above 0, to: above from, points: 2 or more}}, got {log!r}"
    require(isinstance(log, dict) and set(log) == {"from", "to", "points"}, rule)
    low, high, points = log["from"], log["to"], log["points"]
    require(all(type(end) in (int, float) for end in (low, high)) and type(points) is int, rule)
    require(0 < low < high < math.inf and points >= 2, rule)
    require(
        points <= MOST_RUNS, f"{where}.log.points must be at most {MOST_RUNS:,}, got {points:,}"
    )
    return log_range(low, high, points)


def _paths(where: str, path: Any) -> list[str]:
    paths = path if isinstance(path, list) else [path]
    is_sound = bool(paths) and all(isinstance(one, str) and one for one in paths)
    require(is_sound, f"{where}.path must be a dotted path or a list of them, got {path!r}")
    return paths


def _refuse_equal_points(where: str, points: Sequence[Point]) -> None:
    seen: dict[str, str] = {}
    for point in points:
        text = json.dumps(_comparable(point.changes), sort_keys=True, default=str)
        earlier = seen.setdefault(text, point.label)
        if earlier is not point.label:
            raise ValueError(
                f"{where} must have points that differ, got {earlier} and {point.label}"
            )


def _comparable(value: Any) -> Any:
    """The value with whole numbers as floats: 1 and 1.0 are equal."""
    if isinstance(value, Mapping):
        return {key: _comparable(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_comparable(below) for below in value]
    return float(value) if type(value) is int else value


def _refuse_shared_paths(axes: Sequence[Axis]) -> None:
    owners: dict[str, str] = {}
    for axis in axes:
        for path in axis.paths:
            owner = owners.setdefault(path, axis.name)
            require(
                owner == axis.name,
                f"axes.{axis.name} must not set {path}, which axes.{owner} sets",
            )


def _leaves(changes: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted paths of the values in a mapping, at every depth."""
    for key, value in changes.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _replaces(point: Point, key: str) -> bool:
    """Whether a point sets the key, or a mapping that has it."""
    return any(f"{key}.".startswith(f"{path}.") for path in point.changes)


def _point(label: str, value: Any, changes: Mapping[str, Any]) -> Point:
    return Point(label=f"{label}={_text(value)}", value=value, changes=changes)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
