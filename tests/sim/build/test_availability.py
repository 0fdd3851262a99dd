"""When clients are available: nights, time zones, recorded phones."""

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
    """Two phones' event logs as FLASH writes them: one charges before six, one after noon."""
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


def test_recorded_phones_are_dealt_in_turn(phones: Path) -> None:
    made = population_availability(recorded(phones), Streams(0), range(4), phones.parent)
    available = [[p.is_available(hour * 3600.0) for p in made.clients] for hour in (3, 13)]
    assert available == [[True, False, True, False], [False, True, False, True]]
    assert made.facts["device_of_client"] == [0, 1, 0, 1]
    assert made.facts["devices"] == [f"state_traces.json:phone-{n}" for n in (1, 2)]


def test_random_offsets_make_a_population_of_copies(phones: Path) -> None:
    made = population_availability(
        recorded(phones, offset="random"), Streams(0), range(200), phones.parent
    )
    assert len(set(made.facts["offset_s"])) == 200
    share = sum(client.is_available(13 * 3600.0) for client in made.clients) / 200
    assert share == pytest.approx(0.25, abs=0.08)


def test_a_file_without_availability_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.down").write_text("1\n2\n3\n")
    with pytest.raises(ValueError, match=r"fleet.availability.source: no file of .* holds avail"):
        population_availability(
            recorded(tmp_path, format_options={}), Streams(0), range(2), tmp_path
        )


def test_a_run_on_recorded_phones_and_links_tells_both(
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
    # At midnight phones 1 (clients 0 and 2) charge.
    assert [row["clients"] for row in rows if row["row"] == "round"] == [[0, 2], [0, 2]]


def test_time_zones_spread_the_nights_over_the_day(tmp_path: Path) -> None:
    share = {}
    for zones_h in (0, 24):
        kind = Diurnal(kind="diurnal", mean_h=6, spread_h=1, p_day=1, zones_h=zones_h)
        clients = population_availability(kind, Streams(0), range(300), tmp_path).clients
        share[zones_h] = sum(client.is_available(14 * 3600.0) for client in clients) / 300
    assert share[0] == 0  # at two in the afternoon nobody's night
    assert share[24] == pytest.approx(6 / 24, abs=0.08)
