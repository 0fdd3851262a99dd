"""FedScale's capacities in a scenario: speed and bandwidth of one phone a client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.runs.run import run_scenario
from sim.scenario.file import ScenarioError
from sim.scenario.scenario import Scenario
from traces.profiles import device_profile, seconds_per_batch

# Milliseconds of inference a sample, and kbit/s. The median phone takes 200 ms.
PHONES = {"7": (100, 8_000), "8": (200, 800), "9": (600, 80)}
BYTES = 130_000  # of an adapter of depth 1 and width 8, by the published counts


@pytest.fixture
def phones(tmp_path: Path) -> Path:
    content = {
        name: {"computation": compute, "communication": rate}
        for name, (compute, rate) in PHONES.items()
    }
    path = tmp_path / "client_device_capacity.json"
    path.write_text(json.dumps(content))
    return path


def scenario(make: Any, phones: Path, **changes: Any) -> Scenario:
    speed = changes.pop("speed", "relative")
    fleet = {
        "devices": {"jetson-tx2": 1},
        "capacities": {"source": str(phones), "speed": speed, **changes.pop("capacities", {})},
    }
    built: Scenario = make(**{"fleet": fleet, "stop.rounds": 1, "log": "all", **changes})
    return built


def stages(run_dir: Path, rows: Any) -> dict[int, list[float]]:
    """Seconds of download, computing and upload, by client."""
    found: dict[int, list[float]] = {}
    for row in rows(run_dir):
        if row["row"] in ("transfer", "compute"):
            found.setdefault(row["client"], []).append(row["t_s"] - row["start_s"])
    return found


def test_a_client_has_the_speed_and_the_bandwidth_of_one_phone(
    tmp_path: Path, phones: Path, make: Any, rows: Any
) -> None:
    work_s = 10 * seconds_per_batch(device_profile("jetson-tx2"), "adapter_cached", 1)
    run_dir = run_scenario(scenario(make, phones), out=tmp_path / "runs").run_dir
    for client_id, (compute_ms, kbit_per_s) in enumerate(PHONES.values()):
        transfer_s = BYTES * 8 / (kbit_per_s * 1000)
        assert stages(run_dir, rows)[client_id] == pytest.approx(
            [transfer_s, work_s * compute_ms / 200, transfer_s]
        )
    facts = json.loads((run_dir / "manifest.json").read_text())["capacities"]
    assert facts["phone_of_client"] == ["7", "8", "9"]
    assert facts["speed_of_client"] == pytest.approx([2, 1, 1 / 3])
    assert facts["median_train_s_per_sample"] == pytest.approx(0.6)


def test_absolute_seconds_are_those_of_full_fine_tuning(
    tmp_path: Path, phones: Path, make: Any, rows: Any
) -> None:
    # Three times the inference for each of 10 batches of 4 samples.
    full = {"kind": "fixed", "config": {"kind": "full"}}
    run = scenario(make, phones, speed="absolute", configurator=full)
    run_dir = run_scenario(run, out=tmp_path / "runs").run_dir
    computed_s = [seconds[1] for _, seconds in sorted(stages(run_dir, rows).items())]
    assert computed_s == pytest.approx([40 * 3 * ms / 1000 for ms, _ in PHONES.values()])


def test_availability_is_joined_by_client(
    tmp_path: Path, phones: Path, make: Any, rows: Any
) -> None:
    on_from_s = {"9": 9000.0, "5": 5000.0, "8": 8000.0, "7": 0.0}
    behaviour = {
        name: {"active": [on_s], "inactive": [on_s + 500.0], "finish_time": 10_000.0}
        for name, on_s in on_from_s.items()
    }
    path = tmp_path / "client_behave_trace.json"
    path.write_text(json.dumps(behaviour))
    recorded = {"kind": "recorded", "source": str(path), "offset": "zero"}
    changes = {"rounds.participants": 1, "stop.rounds": 2, "fleet.availability": recorded}
    run_dir = run_scenario(scenario(make, phones, **changes), out=tmp_path / "runs").run_dir
    manifest = json.loads((run_dir / "manifest.json").read_text())
    devices = manifest["availability"]["devices"]
    names = [devices[of].rpartition(":")[2] for of in manifest["availability"]["device_of_client"]]
    assert names == manifest["capacities"]["phone_of_client"] == ["7", "8", "9"]
    assert [row["clients"] for row in rows(run_dir) if row["row"] == "round"] == [[0], [0]]
    assert not any("in turn" in warning for warning in manifest["trace_warnings"])

    del behaviour["9"]
    path.write_text(json.dumps(behaviour))
    run_dir = run_scenario(scenario(make, phones, **changes), out=tmp_path / "fewer").run_dir
    manifest = json.loads((run_dir / "manifest.json").read_text())
    assert manifest["availability"]["device_of_client"] == [2, 1, 2]
    (warning,) = [one for one in manifest["trace_warnings"] if "in turn" in one]
    assert "1 of 3 clients" in warning


def test_load_slows_a_phone_from_its_own_speed(
    tmp_path: Path, phones: Path, make: Any, rows: Any
) -> None:
    load = {"kind": "on-off", "free_s": 1, "busy_s": 1, "busy_speed": 1.0}
    plain = run_scenario(scenario(make, phones), out=tmp_path / "plain").run_dir
    loaded = run_scenario(
        scenario(make, phones, **{"fleet.load": load}), out=tmp_path / "loaded"
    ).run_dir
    for client_id, seconds in stages(plain, rows).items():
        assert stages(loaded, rows)[client_id] == pytest.approx(seconds)


def test_a_selection_by_expected_time_knows_the_phones(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    # The same bandwidth for all: only the seconds of computing differ.
    path = tmp_path / "phones.json"
    phone = {"communication": 8_000}
    path.write_text(json.dumps({str(ms): phone | {"computation": ms} for ms in (600, 200, 100)}))
    changes = {"selection": {"kind": "fedcs", "deadline_s": 1000}, "rounds.participants": 1}
    run_dir = run_scenario(scenario(make, path, **changes), out=tmp_path / "runs").run_dir
    assert [row["clients"] for row in rows(run_dir) if row["row"] == "round"] == [[2]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fleet.network": {"kind": "constant"}}, "fleet.network.down_mbytes_per_s is missing"),
        (
            {"fleet.devices": {"jetson-tx2": 0.5, "jetson-nano": 0.5}},
            "fleet.devices must be one class with capacities",
        ),
        ({"fleet.capacities": None}, "fleet.network is missing"),
        ({"fleet.capacities.speed": "fast"}, "fleet.capacities.speed must be relative or absolute"),
        ({"fleet.capacities.latency_s": -1}, "fleet.capacities.latency_s must be at least 0"),
    ],
)
def test_bad_capacities_are_refused(
    phones: Path, make: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScenarioError, match=f"test: {message}"):
        scenario(make, phones, **changes)


def test_a_network_beside_capacities_is_refused(phones: Path, make: Any) -> None:
    network = {"kind": "constant", "down_mbytes_per_s": 1, "up_mbytes_per_s": 1}
    with pytest.raises(ScenarioError, match=r"fleet\.network must be null"):
        scenario(make, phones, **{"fleet.network": network})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1\n2\n3\n", "fleet.capacities.source: .*json holds no capacities: it is a mahimahi"),
        ('{"1": {"computation": 0, "communication": 5}}', "1 computation must be in 1e-06"),
        ('{"1": {"computation": 5, "communication": 0}}', "1 communication must be in 1e-06"),
    ],
)
def test_files_without_capacities_are_refused(
    tmp_path: Path, phones: Path, make: Any, content: str, message: str
) -> None:
    phones.write_text(content)
    with pytest.raises(ValueError, match=message):
        run_scenario(scenario(make, phones), out=tmp_path / "runs")
