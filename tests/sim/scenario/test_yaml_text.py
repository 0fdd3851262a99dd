"""YAML from strangers: plain values, keys of text, and bounds; each refusal is one line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sim.scenario.yaml_text import MOST_BYTES, ScenarioError, parse_yaml, read_yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
)
PLAIN_DIGITS = "must be a whole number in plain digits, or text in quotes"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("base: &b {p: 1, q: 2}\nc: {<<: *b, q: 3}", {"p": 1, "q": 3}),
        ("c: {<<: [{p: 1}, {p: 2, q: 2}]}", {"p": 1, "q": 2}),
        ("x: &x [1]\nc: [*x, *x]", [[1], [1]]),
        ("c: {on: 1, 2: 3, 2.0: 4, null: 5}", {"on": 1, "2": 3, "2.0": 4, "null": 5}),
        ("x: &x 3\nc: {*x : *x}", {"3": 3}),
        ("c: [4e-3, 1_000, 1.5e+3, -0.5, .5, yes, ~]", [4e-3, 1000, 1500.0, -0.5, 0.5, True, None]),
        ("c: 2020-01-01", "2020-01-01"),
    ],
)
def test_plain_values_are_read(text: str, value: Any) -> None:
    assert parse_yaml(text)["c"] == value


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (BOMB, "line 5: must have at most 100,000 values"),
        ("&a [*a]", "line 1: an alias must not contain itself"),
        ("x: &a {y: *a}", "line 1: an alias must not contain itself"),
        ('n: 1\nc: !!int ""', f"line 2: c {PLAIN_DIGITS}, got ''"),
        ('c: !!float ""', "line 1: c must be a number in plain digits, or text in quotes, got ''"),
        ("c: !!bool foo", "line 1: c must be true or false, got 'foo'"),
        ("c: !!timestamp foo", "line 1: c must not have the tag !!timestamp, got 'foo'"),
        ("c: !!binary aGk=", "line 1: c must not have the tag !!binary, got 'aGk='"),
        ("c: !!set {a, b}", "line 1: c must not have the tag !!set"),
        ("c: !!map 3", "line 1: c must be a map, got '3'"),
        ("c: 1:30", f"line 1: c {PLAIN_DIGITS}, got '1:30'"),
        ("c: 010", f"line 1: c {PLAIN_DIGITS}, got '010'"),
        ("c: " + "9" * 30, "line 1: c must be at most 9223372036854775807, got "),
        ("c: " + "9" * 5000, "line 1: c must be at most 9223372036854775807, got "),
        ("1: a\n'1': b", "line 2: duplicate key '1'"),
        ("2.0: a\n'2.0': b", "line 2: duplicate key '2.0'"),
        ("? [1]\n: 2", "line 1: keys must be text"),
        ("[" * 100_000, "line 1: is nested too deeply"),
        ("{a: " * 100_000, "line 1: is nested too deeply"),
        ("a: \x00", "is not YAML: "),
        ("<<: 3", "line 1: is not YAML: "),
        ("a: 1\n---\nb: 2", "line 2: is not YAML: "),
    ],
)
def test_other_values_are_refused_by_line_and_key(text: str, rule: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_yaml(text)
    assert str(caught.value).startswith(rule)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.skipif(os.name == "nt", reason="FIFOs are POSIX's")
def test_a_file_that_is_not_a_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(ScenarioError, match=f"{path}: must be a regular file"):
            read_yaml(path)


def test_a_file_beyond_the_bound_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(ScenarioError, match="must have at most 10,000,000 bytes"):
        read_yaml(path)
