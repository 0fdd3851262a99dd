"""Links from presets and recordings by reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.build.network import connect
from sim.build.sources import licence_of
from sim.runs.run import run_scenario
from sim.scenario.file import load_scenario, parse_scenario
from sim.scenario.fleet import TraceNetwork, UplinkRatio
from sim.streams import Streams

IDS = range(20)


def network(**changes: Any) -> TraceNetwork:
    fields: dict[str, Any] = {"downlink": "lte.down", "uplink": "lte.up", "period_s": 60.0}
    return TraceNetwork(kind="trace", **(fields | changes))


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Three mahimahi recordings of both directions: 1, 2 and 3 lines a millisecond down, 1 up."""
    for n in (1, 2, 3):
        lines = [str(ms) for ms in range(1, 1001) for _ in range(n)]
        (tmp_path / f"car-{n}.down").write_text("\n".join(lines) + "\n")
        (tmp_path / f"car-{n}.up").write_text("\n".join(map(str, range(1, 501))) + "\n")
    return tmp_path


def test_every_client_meets_a_preset_at_its_own_offset(tmp_path: Path) -> None:
    links = connect(network(), Streams(0), IDS, tmp_path).links
    offsets_s = {link.down.offset_s for link in links}
    assert len(offsets_s) == 20
    assert all(0 <= offset_s < 60 for offset_s in offsets_s)
    assert len({id(link.down.trace) for link in links}) == 1
    assert [link.down.offset_s for link in links] == [link.up.offset_s for link in links]


def test_recordings_go_round_robin_and_their_directions_stay_together(recordings: Path) -> None:
    asked = network(downlink=str(recordings), uplink=f"{recordings}/*.up", offset="zero")
    made = connect(asked, Streams(0), IDS, recordings)
    assert (
        made.facts["downlink_of_client"] == made.facts["uplink_of_client"] == [0, 1, 2] * 6 + [0, 1]
    )
    assert [source["name"] for source in made.facts["downlinks"]] == [
        *("car-1.down", "car-2.down", "car-3.down")
    ]
    means = [link.down.trace.mean for link in made.links[:3]]
    assert means == [1.5e6, 3.0e6, 4.5e6]
    assert {link.down.offset_s for link in made.links} == {0.0}


def test_a_random_assignment_is_keyed_by_the_client(recordings: Path) -> None:
    asked = network(downlink=f"{recordings}/*.down", uplink=f"{recordings}/*.up", assign="random")
    few = connect(asked, Streams(3), range(5), recordings).facts
    many = connect(asked, Streams(3), range(50), recordings).facts
    assert many["downlink_of_client"][:5] == few["downlink_of_client"]
    assert many["downlink_of_client"] == many["uplink_of_client"]
    assert set(many["downlink_of_client"]) == {0, 1, 2}


def test_an_uplink_can_be_a_share_of_the_downlink(recordings: Path) -> None:
    asked = network(downlink=str(recordings / "car-2.down"), uplink=UplinkRatio(ratio=0.25))
    made = connect(asked, Streams(0), IDS, recordings)
    assert made.links[0].up.trace.mean == pytest.approx(0.25 * made.links[0].down.trace.mean)
    assert made.facts["uplinks"][0]["name"] == "0.25 x car-2.down"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"uplink": "car-1.down"}, "fleet.network.uplink: no file of .*car-1.down holds a uplink"),
        (
            {"assign": "by-id"},
            "must name one recording for each of 20 clients .* got 3",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    recordings: Path, changes: dict[str, str], complaint: str
) -> None:
    fields = {"downlink": f"{recordings}/*.down", "uplink": f"{recordings}/*.up"} | changes
    if "uplink" in changes:
        fields["uplink"] = str(recordings / changes["uplink"])
    with pytest.raises(ValueError, match=complaint):
        connect(network(**fields), Streams(0), IDS, recordings)


def test_a_bad_recording_is_named_with_its_line(recordings: Path) -> None:
    (recordings / "car-1.down").write_text("1\n5\n3\n")
    with pytest.raises(ValueError, match=r"car-1.down:3: "):
        connect(network(downlink=str(recordings / "car-1.down")), Streams(0), IDS, recordings)


def test_a_run_tells_what_its_links_were_made_of(
    tmp_path: Path, recordings: Path, make: Any
) -> None:
    fields = {"downlink": f"{recordings}/*.down", "uplink": {"ratio": 0.5}}
    scenario = make(**{"fleet.network": {"kind": "trace", **fields}})
    result = run_scenario(scenario, out=tmp_path / "runs")
    manifest = json.loads((result.run_dir / "manifest.json").read_text())
    told = manifest["network"]
    assert told["downlink_of_client"] == [0, 1, 2]
    assert len(told["downlinks"][0]["sha256"]) == 64
    assert told["downlinks"][0]["licence"] is None  # the user's own file
    assert parse_scenario(manifest["scenario"], "") == scenario
    assert load_scenario(result.run_dir / "scenario.yaml") == scenario


def test_a_table_of_ones_own_is_read_with_its_columns_declared(tmp_path: Path) -> None:
    (tmp_path / "drive.csv").write_text("t_ms,rate\n0,8\n1000,16\n")
    options = {"time": "t_ms", "time_unit": "ms", "down": "rate", "rate_unit": "Mbit/s"}
    asked = network(
        downlink=str(tmp_path / "drive.csv"),
        uplink=UplinkRatio(ratio=1.0),
        format="csv",
        format_options=options,
    )
    assert connect(asked, Streams(0), IDS, tmp_path).links[0].down.trace.mean == 1.5e6


def test_recordings_fetched_by_package_name_have_its_licence() -> None:
    assert licence_of("fetch:mahimahi/*.down") == "GPL-3+"
    assert licence_of("recordings/car.down") is None
