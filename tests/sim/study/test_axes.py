"""Axes of a study: combinations, names of runs, errors."""

from __future__ import annotations

from typing import Any

import pytest

from sim.study.axes import cross, read_axes, refuse_lost_keys


def names(axes: Any, arms: Any = None) -> list[str]:
    return [cell.name for cell in cross(arms or {}, read_axes(axes))]


def test_axes_are_combined_with_the_last_one_varying_fastest() -> None:
    axes = {"rounds.participants": [3, 5], "cache.enabled": [True, False]}
    assert names(axes) == [
        "participants=3, enabled=true",
        "participants=3, enabled=false",
        "participants=5, enabled=true",
        "participants=5, enabled=false",
    ]
    assert names({"a.x": [1]}, {"fixed": {}, "trial": {}}) == ["fixed, x=1", "trial, x=1"]


def test_axes_with_the_same_last_key_are_named_in_full() -> None:
    assert names({"a.x": [1], "b.x": [2]}) == ["a.x=1, b.x=2"]


def test_an_added_value_leaves_the_other_names_unchanged() -> None:
    few, more = names({"a.x": [1, 4]}), names({"a.x": [1, 2, 4]})
    assert set(few) < set(more)


def test_a_value_can_set_several_keys() -> None:
    axes = {"bandwidth": {"path": ["a.down", "a.up"], "log": {"from": 0.1, "to": 10, "points": 3}}}
    cells = list(cross({}, read_axes(axes)))
    assert [cell.changes for cell in cells] == [{"a.down": x, "a.up": x} for x in (0.1, 1.0, 10.0)]
    assert [cell.coordinates for cell in cells] == [{"bandwidth": x} for x in (0.1, 1.0, 10.0)]


def test_zipped_keys_change_together_and_variants_are_named() -> None:
    zipped = read_axes({"budget": {"zip": {"a.x": [1, 2], "b.y": [10, 20]}}})
    assert [cell.changes for cell in cross({}, zipped)] == [
        {"a.x": 1, "b.y": 10},
        {"a.x": 2, "b.y": 20},
    ]
    assert names({"budget": {"zip": {"a.x": [1, 2], "b.y": [10, 20]}}})[0] == "budget=1/10"
    (fleet,) = read_axes({"fleet": {"variants": {"tx2": {"d": {"tx2": 1}}, "none": None}}})
    assert [cell.coordinates for cell in cross({}, [fleet])] == [
        {"fleet": "tx2"},
        {"fleet": "none"},
    ]
    assert fleet.paths == ("d",)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ([1], "axes must be a mapping of names to axes, got [1]"),
        ({"a": 3}, "axes.a must be a list or a mapping, got 3"),
        ({"a": []}, "axes.a.values must be a list with at least one value, got []"),
        ({"a": {}}, "axes.a must have one of values, log, zip, variants, got none"),
        (
            {"a": {"values": [1], "log": {}}},
            "axes.a must have one of values, log, zip, vari",
        ),
        ({"a": {"values": [1], "points": 3}}, "axes.a.points is not a known key; known: path, val"),
        ({"a": {"path": "x", "variants": {}}}, "axes.a.path is not a known key; known: variants"),
        ({"a": [1, 2, 1]}, "axes.a must have points that differ, got a=1 and a=1"),
        ({"a": {"variants": {}}}, "axes.a.variants must be a mapping with at least one variant, "),
        ({"a": {"variants": {False: {}}}}, "axes.a.variants must have names of text, got False"),
        ({"a": {"variants": {"x": 3}}}, "axes.a.variants.x must be a mapping of paths to values, "),
        (
            {"a": {"variants": {"x": {"k": 1}, "y": {"k": 1}}}},
            "axes.a must have points that differ, got x and y",
        ),
        ({"a": {"zip": {"x": [1]}}}, "axes.a.zip must be a mapping of two paths or more to lists"),
        (
            {"a": {"zip": {"x": [1], "y": [1, 2]}}},
            "axes.a.zip must have lists of one length, got {'x': 1, 'y': 2}",
        ),
        (
            {"a": {"log": {"from": 0, "to": 1, "points": 3}}},
            "axes.a.log must be {from: above 0, to",
        ),
        ({"a": {"log": {"from": 1, "to": 2}}}, "axes.a.log must be {from: above 0, to: above from"),
        ({"a": {"path": [], "values": [1]}}, "axes.a.path must be a dotted path or a list of them"),
        (
            {"x": [1], "y": {"path": "x", "values": [2]}},
            "axes.y must not set x, which axes.x sets",
        ),
    ],
)
def test_a_bad_axis_is_refused_in_one_line(axes: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the text is compared whole)
        read_axes(axes)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_equal_points_are_found_in_time_that_grows_with_their_number() -> None:
    values = list(range(5_000))
    assert len(read_axes({"stop.rounds": values})[0].points) == len(values)
    with pytest.raises(ValueError, match="must have points that differ, got rounds=7 and rounds=7"):
        read_axes({"stop.rounds": [*values, 7.0]})


def test_an_axis_of_too_many_points_is_refused_before_they_are_made() -> None:
    log = {"from": 0.1, "to": 10, "points": 10**9}
    with pytest.raises(ValueError, match=r"log.points must be at most 100,000, got 1,000,000,000"):
        read_axes({"training.lr": {"log": log}})


@pytest.mark.parametrize(
    ("arm", "axis", "key"),
    [
        ({"fleet.jitter": 0.3}, {"fleet.jitter": [0.1, 0.2]}, "fleet.jitter"),
        (
            {"fleet": {"jitter": 0.3}},
            {"noise": {"path": "fleet.jitter", "values": [0.1]}},
            "fleet.j",
        ),
        ({"stop.rounds": 3}, {"end": {"variants": {"a": {"stop": {"sim_s": 9}}}}}, "stop.rounds"),
        ({"a.x": 1}, {"budget": {"zip": {"a.x": [1, 2], "b.y": [10, 20]}}}, "a.x"),
    ],
)
def test_an_arms_key_that_every_point_of_an_axis_sets_is_refused(
    arm: Any, axis: Any, key: str
) -> None:
    (name,) = axis
    with pytest.raises(ValueError, match=rf"arms.own must not set {key}.* axes.{name} set, got"):
        refuse_lost_keys({"other": {}, "own": arm}, read_axes(axis))


def test_some_variants_may_set_a_key_that_an_arm_sets_for_the_others() -> None:
    variants = {"waits": {}, "buffer": {"rounds": {"mode": "buffered"}, "stop.rounds": 180}}
    arm = {"stop": {"rounds": 60, "sim_s": 810}, "rounds.participants": 9, "fleet.jitter": 0.3}
    refuse_lost_keys({"own": arm}, read_axes({"server": {"variants": variants}}))
    refuse_lost_keys({"own": arm}, read_axes({"fleet.jitter_s": [1, 2], "stop.rounds.x": [1]}))
