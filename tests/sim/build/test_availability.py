"""Building availability: recorded phones, nights and time zones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.build.availability import population_availability
from sim.runs.run import run_scenario
from sim.scenario.fleet import Diurnal, RecordedAvailability
from sim.streams import Streams

CHARGES = {"phone-1": ("00:00:00", "06:00:00"), "phone-2": ("12:00:00", "18:00:00")}


@pytest.fixture
def phones(tmp_path: Path) -> Path:
    """FLASH event logs of two phones: one charges from 0 to 6 h, the other from 12 to 18 h."""
    records = {}
    for name, (on, off) in CHARGES.items():
        events = ["2020-01-01 00:00:00\tscreen_lock"]
        events += [f"2020-01-01 {on}\tbattery_charged_on", f"2020-01-01 {off}\tbattery_charged_off"]
        records[name] = {"guid": name, "model": "x", "messages": "\n".join(events)}
    path = tmp_path / "state_traces.json"
    path.write_text(json.dumps(records))
    return path


def recorded(source: Path | str, **changes: Any) -> RecordedAvailability:
    options = {"format_options": {"rule": "charging"}, "offset": "zero"} | changes
    return RecordedAvailability(kind="recorded", source=str(source), **options)


def test_recorded_phones_are_assigned_in_turn(phones: Path) -> None:
    made = population_availability(recorded(phones), Streams(0), range(4), phones.parent)
    available = [[p.is_available(hour * 3600.0) for p in made.clients] for hour in (3, 13)]
    assert available == [[True, False, True, False], [False, True, False, True]]
    assert made.facts["device_of_client"] == [0, 1, 0, 1]
    assert made.facts["devices"] == [f"state_traces.json:phone-{n}" for n in (1, 2)]


def test_clients_start_at_random_positions_of_the_recordings(phones: Path) -> None:
    made = population_availability(
        recorded(phones, offset="random"), Streams(0), range(200), phones.parent
    )
    assert len(set(made.facts["offset_s"])) == 200
    share = sum(client.is_available(13 * 3600.0) for client in made.clients) / 200
    assert share == pytest.approx(0.25, abs=0.08)


def test_a_file_without_availability_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.down").write_text("1\n2\n3\n")
    with pytest.raises(
        ValueError, match=r"fleet.availability.source: no file of .* contains avail"
    ):
        population_availability(
            recorded(tmp_path, format_options={}), Streams(0), range(2), tmp_path
        )


def test_a_run_on_recorded_phones_and_links_records_both_in_its_manifest(
    tmp_path: Path, phones: Path, make: Any
) -> None:
    for suffix in ("down", "up"):
        (tmp_path / f"car.{suffix}").write_text("\n".join(map(str, range(1, 1001))) + "\n")
    network = {"downlink": f"{tmp_path}/*.down", "uplink": f"{tmp_path}/*.up"}
    options = {"format_options": {"rule": "charging"}, "offset": "zero"}
    scenario = make(
        **{
            "partition.clients": 4,
            "rounds.participants": 2,
            "fleet.network": {"kind": "trace", **network},
            "fleet.availability": {"kind": "recorded", "source": str(phones), **options},
        }
    )
    result = run_scenario(scenario, out=tmp_path / "runs")
    manifest = json.loads((result.run_dir / "manifest.json").read_text())
    assert manifest["availability"]["device_of_client"] == [0, 1, 0, 1]
    rows = [json.loads(row) for row in (result.run_dir / "events.jsonl").read_text().splitlines()]
    # At 0 h, phone 1 charges: clients 0 and 2.
    assert [row["clients"] for row in rows if row["row"] == "round"] == [[0, 2], [0, 2]]


def test_time_zones_spread_the_windows_over_the_day(tmp_path: Path) -> None:
    share = {}
    for zones_h in (0, 24):
        kind = Diurnal(kind="diurnal", mean_h=6, spread_h=1, p_day=1, zones_h=zones_h)
        clients = population_availability(kind, Streams(0), range(300), tmp_path).clients
        share[zones_h] = sum(client.is_available(14 * 3600.0) for client in clients) / 300
    assert share[0] == 0  # at 14 h it is night in no time zone
    assert share[24] == pytest.approx(6 / 24, abs=0.08)


def test_a_device_that_is_left_out_is_refused_by_id(tmp_path: Path) -> None:
    (tmp_path / "seen.csv").write_text("device,from,to\n0,0,100\n1,9000,x\n2,0,40000\n")
    kind = RecordedAvailability(kind="recorded", source=str(tmp_path / "seen.csv"), assign="by-id")
    with pytest.raises(ValueError, match="by-id, but device 1 cannot be used"):
        population_availability(kind, Streams(0), range(2), tmp_path)
