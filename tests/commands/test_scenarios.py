"""`fedadapter init`, `validate` and `schema`, and files that are no scenario."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim import load_study
from sim.scenario.yaml_text import read_yaml

ROOT = Path(__file__).parents[2]
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


def test_validate_warns_of_selection_by_losses(call: Call) -> None:
    status, out, err = call("validate", CLOCK, "--set", "selection={kind: oort}")
    assert (status, yaml.safe_load(out)["selection"]["pacer_rounds"]) == (0, 20)
    assert err.startswith(
        "warning: selection.kind oort reads training losses: under a learning curve all"
    )
    assert call("validate", CLOCK)[2] == ""


def test_schema_is_json(call: Call) -> None:
    schema = json.loads(call("schema")[1])
    assert schema["properties"]["rounds"]
    assert schema["$schema"].startswith("https://json-schema.org/")


def test_init_writes_a_study_with_its_scenario_that_loads(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    status, out, _ = call("init", "--study", path)
    assert (status, out.split()) == (0, [str(path), str(tmp_path / "scenario.yaml")])
    assert [arm.name for arm in load_study(path).arms] == [
        "FedAdapter",
        "fixed (3, 16)",
        "full fine-tuning",
    ]
    status, _, err = call("init", "--study", path)
    assert (status, err) == (2, f"fedadapter: {path}: File exists\n")
    status, _, err = call("init", "--study", tmp_path / "new" / "scenario.yaml")
    assert "a study must have another name than its scenario" in err


def validator(call: Call) -> Any:
    jsonschema: Any = pytest.importorskip("jsonschema")
    schema = json.loads(call("schema", "--study")[1])
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_of_studies_accepts_every_study_that_is_shipped(call: Call) -> None:
    check, studies = validator(call), 0
    for path in sorted((ROOT / "scenarios").rglob("*.yaml")):
        content = read_yaml(path)
        if "arms" in content or "axes" in content:
            check.validate(content)
            studies += 1
    assert studies > 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"seeds": [-1]},
        {"seeds": []},
        {"seeds": [0, 0]},
        {"seeds": [0.5]},
        {"arms": {}},
        {"arm": {}},
        {"axes": {"a": []}},
        {"axes": {"a": {"log": {"from": 0, "to": 1, "points": 3}}}},
        {"axes": {"a": {"log": {"from": 1, "to": 2, "points": 1}}}},
        {"axes": {"a": {"zip": {"b": [1]}}}},
        {"axes": {"a": {"values": [1], "variants": {"b": None}}}},
    ],
)
def test_the_schema_of_studies_has_types_and_minima(call: Call, wrong: dict[str, Any]) -> None:
    assert not validator(call).is_valid({"arms": {"a": None}} | wrong)


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
