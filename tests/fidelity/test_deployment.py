"""A real run in namespaces, its prediction, and what is left when something fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from fidelity.comparison import errors, order_agreement
from fidelity.comparison import read_world as read_tables
from fidelity.deployment import deploy
from fidelity.errors import DeploymentError
from fidelity.fleet import fleet_of
from fidelity.framework import FRAMEWORKS
from fidelity.measurement import measure
from fidelity.quota import find_hierarchy
from fidelity.requirements import unmet
from fidelity.world import World, read_world
from sim.runs.run import default_cache_dir
from sim.scenario.file import as_yaml, parse_scenario
from tests.fidelity.test_fleet import BASE

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(unmet() is not None, reason=f"a deployment {unmet()}"),
]


def _left(prefix: str) -> list[str]:
    """Namespaces, devices and groups of this prefix."""
    told = [
        subprocess.run(["ip", *what], capture_output=True, text=True, check=True).stdout
        for what in (("netns", "list"), ("-o", "link"))
    ]
    root = find_hierarchy()
    groups = [path.name for path in root.glob(f"{prefix}*")] if root else []
    return [line for text in told for line in text.splitlines() if prefix in line] + groups


def _measure_once(world: World, arms: tuple[str, ...], rounds: int, out: Path) -> list[str]:
    """One run of each arm; returns what is told of them."""
    told: list[str] = []
    cache_dir = default_cache_dir()
    measure(
        world, arms=arms, repeats=1, rounds=rounds, out=out, cache_dir=cache_dir, tell=told.append
    )
    return told


def test_a_short_run_goes_as_predicted(tmp_path: Path) -> None:
    world = replace(read_world(ROOT / "fidelity/worlds/verizon.yaml"), name="short")
    told = _measure_once(world, ("small", "deep"), rounds=5, out=tmp_path)
    measured, predicted = read_tables(tmp_path)
    assert len(told) == 2
    assert measured.group_by("arm").len()["len"].to_list() == [25, 25]
    assert set(measured["outcome"]) == {"done"}
    both = measured.join(predicted, on=("arm", "round", "client"), suffix="_predicted")
    assert (both["bytes"] == both["bytes_predicted"]).all()
    found = errors(measured, predicted)
    assert order_agreement(found, "tcp") == 1.0
    by_model = both.group_by("variant").agg(
        pl.col("down_s", "up_s", "down_s_predicted", "up_s_predicted").median()
    )
    for row in by_model.filter(pl.col("variant") == "tcp").iter_rows(named=True):
        for stage in ("down_s", "up_s"):
            assert row[f"{stage}_predicted"] == pytest.approx(row[stage], rel=0.3)
    assert _left("fidshor") == []


def test_with_emulated_devices_the_clocks_agree(tmp_path: Path) -> None:
    """What is wanted of whole runs (docs/fidelity.md), with room for a busy machine."""
    world = read_world(ROOT / "fidelity/worlds/verizon.yaml").emulated()
    _measure_once(replace(world, name="eshort"), ("small", "deep"), rounds=5, out=tmp_path)
    found = errors(*read_tables(tmp_path))
    for one in found:
        if one.variant == "tcp":
            assert abs(one.total) < 0.05
            assert one.round_median < 0.05
    assert order_agreement(found, "tcp") == 1.0
    assert _left("fidesho") == []


@pytest.mark.skipif(
    not FRAMEWORKS["flower"].python.exists(), reason="needs Flower: make .flower/installed"
)
def test_flower_trains_the_model_that_plain_tcp_trains(tmp_path: Path) -> None:
    found = []
    for name in ("verizon", "flower"):
        world = read_world(ROOT / f"fidelity/worlds/{name}.yaml")
        own = replace(world, name=f"{name[:2]}same")
        _measure_once(own, ("small",), rounds=2, out=tmp_path / name)
        measured, _ = read_tables(tmp_path / name)
        profile = json.loads((tmp_path / name / "profile.json").read_text())
        rows = measured.sort("round", "client").select("round", "client", "bytes", "batches")
        found.append((profile["small"][0]["accuracy"], rows.rows()))
    assert found[0] == found[1]


@pytest.fixture
def scenario_file(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.yaml"
    path.write_text(as_yaml(parse_scenario(BASE, "test")), encoding="utf-8")
    return path


def test_a_client_that_dies_ends_the_run_in_one_line(
    scenario_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An empty cache: namespaces reach no package index, so that all is fetched before.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fleet = fleet_of(parse_scenario(BASE, "test"), {"phone": 0.2}, 60.0, 0, default_cache_dir())
    with deploy("fiddies", fleet, 7001, scenario_file, 0) as deployment:
        os.kill(deployment.clients[1].pid, signal.SIGKILL)
        with pytest.raises(DeploymentError, match="client 1 has ended: exit status -9"):
            deployment.run(scenario_file, 60.0)
    assert _left("fiddies") == []


def test_what_a_killed_run_has_left_is_removed_by_the_next(scenario_file: Path) -> None:
    fleet = fleet_of(parse_scenario(BASE, "test"), {"phone": 0.2}, 60.0, 0, default_cache_dir())
    subprocess.run(["ip", "netns", "add", "fidstale-client7"], check=True)
    with deploy("fidstale", fleet, 7002, scenario_file, 0):
        assert not any("client7" in line for line in _left("fidstale"))
        with (
            pytest.raises(DeploymentError, match="another run uses the prefix fidstale"),
            deploy("fidstale", fleet, 7002, scenario_file, 0),
        ):
            pass
    assert _left("fidstale") == []


def test_the_command_refuses_in_one_line(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "fidelity", "run", str(tmp_path / "none.yaml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert told.stderr.startswith("fidelity: ")
    assert told.stderr.count("\n") == 1
