"""`fedadapter devices`: what there is, with sources, and a template that validates."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import yaml

from traces.measured import MEASUREMENTS, measured_names
from traces.profiles import device_names

CLOCK = Path(__file__).parents[2] / "scenarios/paper/clock/agnews-88.yaml"

Call = Callable[..., tuple[int, str, str]]


def test_every_device_is_listed_with_its_source(call: Call) -> None:
    status, out, _ = call("devices")
    assert status == 0
    for name in (*device_names(), *measured_names()):
        assert f" {name} " in out
    assert "11: FwdLLM, USENIX ATC'24" in out
    rows = json.loads(call("devices", "--json")[1])
    assert all(row["sources"] for row in rows)
    assert {row["device"] for row in rows} == {*device_names(), *measured_names()}


def test_a_dozen_devices_were_measured_by_others() -> None:
    with_seconds = {one.device for one in MEASUREMENTS if one.seconds is not None}
    assert (len(with_seconds), len(measured_names())) == (9, 16)


def test_the_template_is_a_device_file(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "phones.csv"
    assert call("devices", "--template", path) == (0, f"{path}\n", "")
    fleet = (f"fleet.device_file={path}", "fleet.devices={my-phone: 0.5, jetson-tx2: 0.5}")
    status, out, err = call("validate", CLOCK, "--set", fleet[0], "--set", fleet[1])
    assert (status, yaml.safe_load(out)["fleet"]["device_file"]) == (0, str(path))
    assert "warning: seconds of my-phone: scaled by the analytic cost model from 1 " in err
    status, _, err = call("devices", "--template", path)
    assert (status, err) == (2, f"fedadapter: {path}: File exists\n")
