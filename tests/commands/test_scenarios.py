"""`fedadapter init`, `validate` and `schema`, and files that are no scenario."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import yaml

CLOCK = Path(__file__).parents[2] / "scenarios/paper/clock/agnews-88.yaml"

Call = Callable[..., tuple[int, str, str]]


def test_init_writes_a_scenario_that_validates(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    assert call("init", path)[0] == 0
    status, out, _ = call("validate", path, "--json")
    assert (status, json.loads(out)["configurator"]["kind"]) == (0, "sideline")
    status, _, err = call("init", path)
    assert (status, err) == (2, f"fedadapter: {path}: File exists\n")


def test_validate_prints_the_resolved_scenario(call: Call) -> None:
    _, out, _ = call("validate", CLOCK, "--set", "rounds.participants=7")
    resolved = yaml.safe_load(out)
    assert resolved["rounds"]["participants"] == 7
    assert resolved["evaluation"]["report_on"] == "test"


def test_validate_warns_of_policies_that_force_training(call: Call) -> None:
    status, out, err = call("validate", CLOCK, "--set", "selection={kind: oort}")
    assert (status, yaml.safe_load(out)["selection"]["pacer_rounds"]) == (0, 20)
    assert err.startswith(
        "warning: selection.kind oort reads training losses, so every aggregation is"
    )
    assert call("validate", CLOCK)[2] == ""


def test_schema_is_json(call: Call) -> None:
    assert json.loads(call("schema")[1])["properties"]["rounds"]


def test_what_does_not_fit_names_the_scenario(call: Call, tmp_path: Path) -> None:
    override = ("--set", "model.source=shape:gpt")
    rule = f"fedadapter: {CLOCK}: model.source must be one of shape:bert-base"
    assert call("validate", CLOCK, *override)[2].startswith(rule)
    assert call("run", CLOCK, *override, "--out", tmp_path)[2].startswith(rule)
    unknown = call("validate", CLOCK, "--set", "rounds.nil=1")[2]
    assert unknown.count(str(CLOCK)) == 1


def test_bad_files_are_one_line(call: Call, tmp_path: Path, study_file: Path) -> None:
    missing = tmp_path / "none.yaml"
    assert call("run", missing)[::2] == (
        2,
        f"fedadapter: {missing}: cannot be read: No such file or directory\n",
    )
    twice = tmp_path / "twice.yaml"
    twice.write_text("name: a\nname: b\n")
    assert call("validate", twice)[2] == (f"fedadapter: {twice}: line 2: duplicate key 'name'\n")
    content = yaml.safe_load(study_file.read_text())
    content["arms"]["fast"] = {"rounds.particpants": 3}
    study_file.write_text(yaml.safe_dump(content))
    status, _, err = call("study", study_file)
    assert status == 2
    assert f"{study_file}: arms.fast: rounds.particpants is not a known key" in err
