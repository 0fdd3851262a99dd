"""Paths in scenarios and studies: the file's own folder first, then the working directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sim import load_scenario, load_study
from sim.scenario.file import ScenarioError
from sim.scenario.network import TraceNetwork
from sim.scenario.paths import named_paths, resolve_paths
from tests.sim.conftest import smallest


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory has a.down, its folder `mine` has a.down, a.up and a scenario."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for name in ("a.down", "mine/a.down", "mine/a.up", "here.up", "lte.down", "mine/lte.down"):
        Path(name).write_text("1\n2\n3\n")
    return tmp_path


def written(path: str, downlink: Any, uplink: Any, **more: Any) -> Path:
    mapping = smallest() | more
    mapping["fleet"]["network"] = {"kind": "trace", "downlink": downlink, "uplink": uplink}
    Path(path).write_text(yaml.safe_dump(mapping))
    return Path(path)


def network(path: Path | str, *overrides: str) -> TraceNetwork:
    found = load_scenario(path, overrides).fleet.network
    assert isinstance(found, TraceNetwork)
    return found


def test_the_folder_of_the_scenario_comes_before_the_working_directory(folders: Path) -> None:
    found = network(written("mine/s.yaml", "a.down", {"source": "here.up"}))
    assert found.downlink == "mine/a.down"
    assert getattr(found.uplink, "source", None) == "here.up"
    found = network(str(written("mine/s.yaml", "*.down", str(folders / "mine" / "a.up"))))
    assert (found.downlink, found.uplink) == ("mine/*.down", str(folders / "mine" / "a.up"))


def test_presets_and_names_of_packages_are_no_paths(folders: Path) -> None:
    found = network(written("mine/s.yaml", "lte.down", "fetch:mahimahi/*.up"))
    assert (found.downlink, found.uplink) == ("lte.down", "fetch:mahimahi/*.up")
    assert network(written("mine/s.yaml", "./lte.down", "lte.up")).downlink == "mine/lte.down"


def test_overrides_look_in_the_working_directory_first(folders: Path) -> None:
    path = written("mine/s.yaml", "lte.down", "lte.up")
    found = network(path, "fleet.network.downlink=a.down", "fleet.network.uplink=a.up")
    assert (found.downlink, found.uplink) == ("a.down", "mine/a.up")


def test_paths_of_a_study_are_those_of_its_folder_and_of_its_base(folders: Path) -> None:
    (folders / "mine" / "bases").mkdir()
    Path("mine/bases/own.down").write_text("1\n")
    written("mine/bases/base.yaml", "own.down", "lte.up")
    study = {
        "base": "bases/base.yaml",
        "arms": {"as-base": {}, "other": {"fleet.network.downlink": "a.down"}},
    }
    Path("mine/study.yaml").write_text(yaml.safe_dump(study))
    arms = load_study("mine/study.yaml").arms
    downlinks = [getattr(arm.fleet.network, "downlink", None) for arm in arms]
    assert downlinks == ["mine/bases/own.down", "mine/a.down"]


def test_data_sets_and_hub_copies_are_found_in_the_folder(folders: Path) -> None:
    (folders / "mine" / "data").mkdir()
    for source, expected in (
        ("data", "mine/data"),
        ("hub:data", "hub:mine/data"),
        ("hub:data:plain", "hub:mine/data:plain"),
        ("hub:somebody/else", "hub:somebody/else"),
    ):
        assert resolve_paths({"task": {"source": source}}, Path("mine")) == {
            "task": {"source": expected}
        }


def test_what_is_no_path_is_left_to_validation(folders: Path) -> None:
    for broken in ({"fleet": 5}, {"fleet": {"network": [1]}}, {"task": {"source": "x" * 5000}}):
        assert resolve_paths(broken, Path("mine")) == broken


def test_the_absolute_places_are_told(folders: Path) -> None:
    mapping = {"fleet": {"network": {"downlink": "mine/a.down", "uplink": {"source": "nowhere"}}}}
    told = {"fleet.network.downlink": str(folders / "mine" / "a.down")}
    assert dict(named_paths(mapping)) == told


def test_a_study_and_a_scenario_are_told_apart(folders: Path) -> None:
    scenario = written("mine/s.yaml", "lte.down", "lte.up")
    study = folders / "study.yaml"
    study.write_text("seeds: [1]\nbase: mine/s.yaml\narms: {a: {}}\n")
    with pytest.raises(ScenarioError, match=r"is a study, not a scenario; `fedadapter study /"):
        load_scenario(study)
    with pytest.raises(ScenarioError, match=r"is a scenario, not a study; `fedadapter run mine/s"):
        load_study(scenario)
    with pytest.raises(ScenarioError, match="is a study, not a scenario"):
        load_study(study, base=study)
