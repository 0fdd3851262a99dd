"""`fedadapter table` and `figures` of what cannot be shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from commands import display
from tests.commands.conftest import CLOCK

Call = Callable[..., tuple[int, str, str]]


def test_figures_that_cannot_be_drawn_are_refused(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    call("study", study_file, "--out", tmp_path, "--workers", 1)
    study = tmp_path / "two"
    status, _, err = call("figures", study, "--only", "no-such")
    assert status == 2
    assert err.startswith("fedadapter: no figure is named no-such; known: time-to-accuracy, ")
    status, _, err = call("figures", study, "--only", "heat-map")
    reason = "heat-map: a heat map needs two axes, the study has 0"
    assert status == 2
    assert err.endswith(f"fedadapter: {study}: no figure could be drawn; {reason}\n")
    status, _, err = call("figures", study, "--target", 60)
    assert (status, err) == (2, "fedadapter: a target must be above 0 and at most 1, got 60\n")


def test_a_directory_without_runs_is_one_line(call: Call, tmp_path: Path) -> None:
    status, _, err = call("table", tmp_path)
    assert status == 2
    assert err.count("\n") == 1
    assert str(tmp_path) in err


def test_the_table_compares_with_a_baseline_and_says_how_targets_are_reached(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    call("study", study_file, "--out", tmp_path, "--workers", 1)
    study = tmp_path / "two"
    status, out, _ = call("table", study, "--target", 0.3, "--baseline", "slow", "--json")
    by_arm = {row["arm"]: row for row in json.loads(out)}
    assert status == 0
    assert by_arm["fast"]["ratio"] == by_arm["slow"]["hours"] / by_arm["fast"]["hours"]
    assert (by_arm["fast"]["baseline"], by_arm["slow"]["baseline"]) == ("slow", None)
    _, out, _ = call("table", study, "--target", 0.3, "--crossing", "first", "--format", "markdown")
    assert "first crossing" in out
    status, _, err = call("report", study, "--baseline", "none such")
    assert status == 2
    assert err.endswith("has no arm 'none such' for a baseline; it has 'fast', 'slow'\n")


def test_two_formats_of_a_table_are_refused(call: Call, study_file: Path, tmp_path: Path) -> None:
    call("study", study_file, "--out", tmp_path, "--workers", 1)
    status, out, err = call("table", tmp_path / "two", "--json", "--format", "csv")
    assert (status, out) == (2, "")
    assert err == "fedadapter: --json and --format csv are different formats: name one\n"
    assert json.loads(call("table", tmp_path / "two", "--json", "--format", "json")[1])


def test_names_that_differ_at_their_end_are_whole(
    call: Call, study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = yaml.safe_load(study_file.read_text())
    names = [f"an-arm-with-a-name-that-goes-on-and-on-to-participants={n}" for n in (10, 12)]
    arms = [{"fleet.network.up_mbytes_per_s": mbytes} for mbytes in (1.0, 3.0)]
    content["arms"] = dict(zip(names, arms, strict=True))
    study_file.write_text(yaml.safe_dump(content))
    call("study", study_file, "--out", tmp_path, "--workers", 1)
    piped = call("table", tmp_path / "two", "--target", 0.3)[1]
    assert all(any(name in line for line in piped.splitlines()) for name in names)
    monkeypatch.setattr(display, "page", lambda _: Console(width=80))
    narrow = call("table", tmp_path / "two", "--target", 0.3)[1]
    assert "…" not in narrow
    assert "10 " in narrow
    assert "12 " in narrow


def test_studies_that_lie_deeper_are_named(call: Call, study_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    for name in ("first", "second"):
        content = yaml.safe_load(study_file.read_text()) | {"name": name}
        study_file.write_text(yaml.safe_dump(content))
        call("study", study_file, "--out", out, "--workers", 1)
    below = f"{out / 'first'}, {out / 'second'} (studies); name one\n"
    status, _, err = call("table", out)
    assert (status, err.count("\n")) == (2, 1)
    assert err.endswith(f"; below are {below}")
    call("run", CLOCK, "--out", out)
    for command in ("table", "report", "figures", "parquet"):
        status, _, err = call(command, out)
        assert status == 0
        assert err.count("also below") == 1
        assert f"warning: also below: {below}" in err
    assert "also below" not in call("table", out / "first")[2]


def test_columns_are_refused_that_the_table_does_not_have(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    content = yaml.safe_load(study_file.read_text())
    row = {"targets": [0.5], "hours": [1.0], "reason": "as printed"}
    content["published"] = {"source": "a paper", "rows": {"slow": row}}
    study_file.write_text(yaml.safe_dump(content))
    call("study", study_file, "--out", tmp_path, "--workers", 1)
    study = tmp_path / "two"
    assert "published: a paper" in call("table", study)[1]
    text = call("table", study, "--columns", "time, final")[1]
    assert "speed-up" not in text
    assert call("table", study, "--columns", "time", "--columns", "final")[1] == text
    for columns, told in (
        ("zzz", "no column zzz; "),
        ("", "no column ; "),
        ("p", "no column p in"),
    ):
        status, _, err = call("table", study, "--columns", columns)
        assert (status, err.count("\n")) == (2, 1)
        assert err.startswith(f"fedadapter: {told}")


def test_the_table_compares_some_arms_and_tells_what_these_lack(
    call: Call, study_file: Path, tmp_path: Path
) -> None:
    call("study", study_file, "--out", tmp_path, "--workers", 1, "--arms", "slow", "--seeds", 0)
    study, options = tmp_path / "two", ("--target", 0.3, "--json")
    assert "not begun" in call("table", study, "--target", 0.3)[1]
    assert "not begun" not in call("table", study, "--target", 0.3, "--arms", "slow")[1]
    call("study", study_file, "--out", tmp_path, "--workers", 1)
    rows = json.loads(call("table", study, *options, "--arms", "fast")[1])
    assert [row["arm"] for row in rows] == ["fast"]
    status, _, err = call("table", study, *options, "--arms", "fats")
    assert status == 2
    assert err == f"fedadapter: {study}: has no arm 'fats'; its arms: 'fast', 'slow'\n"
