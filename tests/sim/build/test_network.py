"""Building links from presets and recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.build.network import build_links
from sim.build.sources import licence_of
from sim.fleet.transport import Fluid, Tcp
from sim.runs.run import run_scenario
from sim.scenario.file import load_scenario, parse_scenario
from sim.scenario.network import ConstantNetwork, Outages, TraceFiles, TraceNetwork, UplinkRatio
from sim.streams import Streams

IDS = range(20)


def network(**changes: Any) -> TraceNetwork:
    fields: dict[str, Any] = {"downlink": "lte.down", "uplink": "lte.up", "period_s": 60.0}
    return TraceNetwork(kind="trace", **({"transport": Fluid()} | fields | changes))


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Three mahimahi recordings of both directions: 1, 2 and 3 lines a millisecond down, 1 up."""
    for n in (1, 2, 3):
        lines = [str(ms) for ms in range(1, 1001) for _ in range(n)]
        (tmp_path / f"car-{n}.down").write_text("\n".join(lines) + "\n")
        (tmp_path / f"car-{n}.up").write_text("\n".join(map(str, range(1, 501))) + "\n")
    return tmp_path


def test_every_client_starts_at_its_own_position_of_a_preset(tmp_path: Path) -> None:
    links = build_links(network(), Streams(0), IDS, tmp_path).links
    offsets_s = {link.down.offset_s for link in links}
    assert len(offsets_s) == 20
    assert all(0 <= offset_s < 60 for offset_s in offsets_s)
    assert len({id(link.down.trace) for link in links}) == 1
    assert [link.down.offset_s for link in links] == [link.up.offset_s for link in links]


def test_recordings_are_assigned_round_robin_and_both_directions_together(recordings: Path) -> None:
    kind = network(downlink=str(recordings), uplink=f"{recordings}/*.up", offset="zero")
    made = build_links(kind, Streams(0), IDS, recordings)
    assert (
        made.facts["downlink_of_client"] == made.facts["uplink_of_client"] == [0, 1, 2] * 6 + [0, 1]
    )
    assert [source["name"] for source in made.facts["downlinks"]] == [
        *("car-1.down", "car-2.down", "car-3.down")
    ]
    means = [link.down.trace.mean for link in made.links[:3]]
    assert means == [1.5e6, 3.0e6, 4.5e6]
    assert {link.down.offset_s for link in made.links} == {0.0}


def test_a_random_assignment_does_not_depend_on_the_number_of_clients(recordings: Path) -> None:
    kind = network(downlink=f"{recordings}/*.down", uplink=f"{recordings}/*.up", assign="random")
    few = build_links(kind, Streams(3), range(5), recordings).facts
    many = build_links(kind, Streams(3), range(50), recordings).facts
    assert many["downlink_of_client"][:5] == few["downlink_of_client"]
    assert many["downlink_of_client"] == many["uplink_of_client"]
    assert set(many["downlink_of_client"]) == {0, 1, 2}


def test_an_uplink_can_be_a_fraction_of_the_downlink(recordings: Path) -> None:
    kind = network(downlink=str(recordings / "car-2.down"), uplink=UplinkRatio(ratio=0.25))
    made = build_links(kind, Streams(0), IDS, recordings)
    assert made.links[0].up.trace.mean == pytest.approx(0.25 * made.links[0].down.trace.mean)
    assert made.facts["uplinks"][0]["name"] == "0.25 x car-2.down"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"uplink": "car-1.down"},
            "fleet.network.uplink: no file of .*car-1.down contains uplink rates",
        ),
        (
            {"assign": "by-id"},
            "must name one recording for each of 20 clients .* got 3",
        ),
    ],
)
def test_a_network_that_cannot_be_built_is_refused(
    recordings: Path, changes: dict[str, str], message: str
) -> None:
    fields = {"downlink": f"{recordings}/*.down", "uplink": f"{recordings}/*.up"} | changes
    if "uplink" in changes:
        fields["uplink"] = str(recordings / changes["uplink"])
    with pytest.raises(ValueError, match=message):
        build_links(network(**fields), Streams(0), IDS, recordings)


def test_the_directions_of_a_recording_are_found_by_name(recordings: Path) -> None:
    (recordings / "car-2.up").rename(recordings / "up-CAR_2.up")
    kind = network(downlink=f"{recordings}/*.down", uplink=f"{recordings}/*up*", offset="zero")
    made = build_links(kind, Streams(0), range(3), recordings)
    assert [source["name"] for source in made.facts["uplinks"]] == [
        *("car-1.up", "up-CAR_2.up", "car-3.up")
    ]
    (recordings / "up-CAR_2.up").unlink()
    with pytest.raises(ValueError, match=r"car-2.down: has no file of the same name"):
        build_links(kind, Streams(0), range(3), recordings)


def test_directions_without_names_in_common_go_together_in_turn(recordings: Path) -> None:
    for n in (1, 2, 3):
        (recordings / f"car-{n}.up").rename(recordings / f"bus-{n}.up")
    kind = network(downlink=f"{recordings}/*.down", uplink=f"{recordings}/*.up")
    assert build_links(kind, Streams(0), IDS, recordings).warnings == []
    (recordings / "bus-3.up").unlink()
    (told,) = build_links(kind, Streams(0), IDS, recordings).warnings
    assert "3 downlinks and 2 uplinks are not of the same recordings" in told


def test_tcp_without_a_round_trip_time_is_told(recordings: Path) -> None:
    def told(kind: ConstantNetwork | TraceNetwork) -> list[str]:
        return build_links(kind, Streams(0), IDS, recordings).warnings

    rates: dict[str, Any] = {"down_mbytes_per_s": 1.0, "up_mbytes_per_s": 1.0, "transport": Tcp()}
    assert told(network(transport=Tcp(), latency_s=0.02)) == told(network()) == []
    for kind in (network(transport=Tcp()), ConstantNetwork(kind="constant", **rates)):
        (line,) = told(kind)
        assert line.startswith("fleet.network.latency_s: is 0, so TCP has no slow start")


def test_recordings_by_id_are_counted_and_none_is_passed_over(recordings: Path) -> None:
    for n in (1, 2, 3):
        for way in ("down", "up"):
            (recordings / f"car-{n}.{way}").rename(recordings / f"client{4 * n}.{way}")
    ways = {way: f"{recordings}/*.{way[:-4]}" for way in ("downlink", "uplink")}
    kind = network(**ways, assign="by-id")
    made = build_links(kind, Streams(0), range(3), recordings)
    assert [source["name"] for source in made.facts["downlinks"]] == [
        *("client4.down", "client8.down", "client12.down")
    ]
    (recordings / "client5.down").write_text("no trace at all\n")
    with pytest.raises(ValueError, match=r"by-id, but client5.down cannot be used"):
        build_links(kind, Streams(0), range(3), recordings)


def test_the_error_for_a_bad_recording_names_its_line(recordings: Path) -> None:
    (recordings / "car-1.down").write_text("1\n5\n3\n")
    with pytest.raises(ValueError, match=r"car-1.down:3: "):
        build_links(network(downlink=str(recordings / "car-1.down")), Streams(0), IDS, recordings)


def test_a_run_records_its_traces_in_the_manifest(
    tmp_path: Path, recordings: Path, make: Any
) -> None:
    fields = {"downlink": f"{recordings}/*.down", "uplink": {"ratio": 0.5}}
    scenario = make(
        **{"fleet.network": {"kind": "trace", "transport": {"kind": "fluid"}, **fields}}
    )
    result = run_scenario(scenario, out=tmp_path / "runs")
    manifest = json.loads((result.run_dir / "manifest.json").read_text())
    facts = manifest["network"]
    assert facts["downlink_of_client"] == [0, 1, 2]
    assert len(facts["downlinks"][0]["sha256"]) == 64
    assert facts["downlinks"][0]["licence"] is None  # the user's own file
    assert parse_scenario(manifest["scenario"], "") == scenario
    assert load_scenario(result.run_dir / "scenario.yaml") == scenario


def test_a_csv_is_read_with_declared_columns(tmp_path: Path) -> None:
    (tmp_path / "drive.csv").write_text("t_ms,rate\n0,8\n1000,16\n")
    options = {"time": "t_ms", "time_unit": "ms", "down": "rate", "rate_unit": "Mbit/s"}
    kind = network(
        downlink=str(tmp_path / "drive.csv"),
        uplink=UplinkRatio(ratio=1.0),
        format="csv",
        format_options=options,
    )
    assert build_links(kind, Streams(0), IDS, tmp_path).links[0].down.trace.mean == 1.5e6


def test_recordings_of_a_package_have_its_licence() -> None:
    assert licence_of("fetch:mahimahi/*.down") == "GPL-3+"
    assert licence_of("recordings/car.down") is None


def test_the_latency_of_a_recording_reaches_the_link(tmp_path: Path, make: Any, rows: Any) -> None:
    # 8,000 kbit/s and a round trip of 2 s: 130,000 bytes take 2 + 0.13 s each way.
    recording = [{"duration_ms": 1000000, "bandwidth_kbps": 8000, "latency_ms": 2000}]
    (tmp_path / "sabre.json").write_text(json.dumps(recording))
    network = {
        "kind": "trace",
        "transport": {"kind": "fluid"},
        "downlink": str(tmp_path / "sabre.json"),
        "uplink": {"ratio": 1.0},
        "offset": "zero",
    }
    scenario = make(**{"fleet.network": network, "stop.rounds": 1, "log": "all"})
    run_dir = run_scenario(scenario, out=tmp_path).run_dir
    moved = [row for row in rows(run_dir) if row["row"] == "transfer"]
    assert {(row["direction"], round(row["t_s"] - row["start_s"], 9)) for row in moved} == {
        ("down", 2.13),
        ("up", 2.13),
    }
    manifest = json.loads((run_dir / "manifest.json").read_text())
    assert manifest["network"]["downlinks"][0]["mean_round_trip_s"] == pytest.approx(2.0)


def test_rates_are_scaled_and_named(tmp_path: Path) -> None:
    plain, half = (
        build_links(network(rate_scale=scale), Streams(0), IDS, tmp_path) for scale in (1.0, 0.5)
    )
    of_plain, of_half = plain.links[3].down.trace, half.links[3].down.trace
    assert list(of_half.values) == list(0.5 * of_plain.values)
    assert half.facts["downlinks"][0]["name"] == "0.5 x lte.down"
    constant = ConstantNetwork(
        kind="constant", down_mbytes_per_s=2.0, up_mbytes_per_s=1.0, rate_scale=0.5
    )
    link = build_links(constant, Streams(0), IDS, tmp_path).links[0]
    assert (link.down.trace.mean, link.up.trace.mean) == (1e6, 5e5)


def test_outages_stop_both_directions_at_the_same_times(tmp_path: Path) -> None:
    outages = Outages(every_s=10.0, length_s=2.0)
    made = build_links(network(outages=outages, period_s=600.0), Streams(0), IDS, tmp_path)
    down, up = made.links[0].down.trace, made.links[0].up.trace
    off = down.values == 0
    assert 0.05 < float(off.mean()) < 0.4  # 2 of 12 s are expected
    assert [up.value_at(t_s) for t_s in down.times_s[off]] == [0.0] * int(off.sum())
    assert made.facts["downlinks"][0]["name"] == "lte.down with outages"
    constant = ConstantNetwork(
        kind="constant", down_mbytes_per_s=1.0, up_mbytes_per_s=1.0, outages=outages
    )
    links = build_links(constant, Streams(0), IDS, tmp_path).links
    assert len({link.down.offset_s for link in links}) == 20
    assert set(links[0].down.trace.values) == {0.0, 1e6}
    assert links[0].down.trace.mean == pytest.approx(1e6 * 10 / 12, rel=0.1)


def test_outages_that_leave_nothing_are_refused(tmp_path: Path) -> None:
    kind = network(outages=Outages(every_s=0.01, length_s=1e6))
    with pytest.raises(ValueError, match=r"fleet\.network\.outages: leave nothing of lte\.down"):
        build_links(kind, Streams(0), IDS, tmp_path)


def test_under_tcp_a_direction_stands_still_while_the_other_is_out(tmp_path: Path) -> None:
    (tmp_path / "down.txt").write_text("0 8\n1 8\n2 8\n3 8\n4 8\n")
    (tmp_path / "up.txt").write_text("0 8\n1 0\n2 0\n3 8\n4 8\n")
    seconds = {}
    for transport in (Fluid(), Tcp(header_bytes=0)):
        own = network(
            downlink=str(tmp_path / "down.txt"),
            uplink=TraceFiles(source=str(tmp_path / "up.txt"), format_options={"direction": "up"}),
            offset="zero",
            transport=transport,
        )
        link = build_links(own, Streams(0), range(1), tmp_path).links[0]
        ways = (link.down, link.up)
        seconds[transport.kind] = [way.time_for(0.0, 1_500_000) for way in ways]
    assert seconds["fluid"] == [1.5, 3.5]
    assert seconds["tcp"] == [3.5, 3.5]
