"""Small files as people have them: one test for each kind, with the numbers that are right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from traces.describe import info
from traces.load import load, load_all, load_bandwidth
from traces.recording import (
    AvailabilityRecording,
    BandwidthRecording,
    CapacityRecording,
    Recording,
    TraceError,
)

MBIT = 125_000.0  # bytes

# Name of the kind: content, options, seconds of the trace, mean in Mbit/s.
TABLES: dict[str, tuple[str, dict[str, Any], float, float]] = {
    "ISO-8601 stamps in UTC": (
        "time,speed\n2024-03-31T01:00:00Z,12\n2024-03-31T01:00:01Z,8\n",
        {"down": "speed", "rate_unit": "mbps"},
        2.0,
        10.0,
    ),
    "ISO-8601 stamps with offsets": (
        "time,speed\n2024-03-31T01:59:59+01:00,12\n2024-03-31T03:00:00+02:00,8\n",
        {"down": "speed", "rate_unit": "mbps"},
        2.0,
        10.0,
    ),
    "stamps to the microsecond": (
        "time,rx_mbps\n2024-05-27T10:54:55.750000,4\n2024-05-27T10:54:56.250000,8\n",
        {"down": "rx_mbps"},
        1.0,
        6.0,
    ),
    "stamps to the nanosecond": (
        "time,rx_mbps\n2024-05-27T10:54:55.250000001,4\n2024-05-27T10:54:55.750000001,8\n",
        {"down": "rx_mbps"},
        1.0,
        6.0,
    ),
    "semicolons and decimal commas": ("t;mbps\n0;1,5\n1;2,5\n", {"down": "mbps"}, 2.0, 2.0),
    "semicolons and decimal commas, said": (
        "t;mbps\n0;1,5\n1;2,5\n",
        {"down": "mbps", "delimiter": ";", "decimal": ","},
        2.0,
        2.0,
    ),
    "an uplink in ms": (
        "time_ms,ul\n0,4\n1000,5\n",
        {"up": "ul", "rate_unit": "Mbit/s"},
        2.0,
        4.5,
    ),
    "MiB/s in the column's name": ("t,MiBps\n0,1\n1,3\n", {"down": "MiBps"}, 2.0, 16.777216),
    "both directions, ms from the epoch, units in the header": (
        "Timestamp (ms);DL (kbps);UL (kbps)\n1764130000000;8000;300\n1764130001000;4000;100\n",
        {},
        2.0,
        6.0,
    ),
    "columns by number under a header of numbers": (
        "0,1\n0,1.5\n1,2.5\n2,3.5\n",
        {"time": "0", "down": "1", "rate_unit": "mbps"},
        3.0,
        2.5,
    ),
    "columns by number as YAML has them": (
        "0,1\n0,1.5\n1,2.5\n2,3.5\n",
        {"time": 0, "down": 1.0, "rate_unit": "mbps"},
        3.0,
        2.5,
    ),
    "row durations": (
        "span,up,down\n2000,-1,8000\n2000,-1,4000\n",
        {"duration": "span", "time_unit": "ms", "down": "down", "rate_unit": "kbit/s"},
        4.0,
        6.0,
    ),
    "a fixed step": (
        "rate\n8\n4\n",
        {"step_s": "0.5", "down": "rate", "rate_unit": "mbps"},
        1.0,
        6.0,
    ),
    "an empty cell": ("t,mbps\n0,2\n1,\n2,4\n", {"down": "mbps"}, 2.0, 3.0),
    "cells that are not numbers": ("t,mbps\n0,2\n1,NaN\n2,4\n3,n/a\n", {"down": "mbps"}, 2.0, 3.0),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_is_read(tmp_path: Path, kind: str) -> None:
    content, options, period_s, mean_mbit_per_s = TABLES[kind]
    recording = bandwidth(tmp_path, content, **options)
    trace = recording.down or recording.up
    assert trace is not None
    assert trace.period_s == pytest.approx(period_s)
    assert trace.mean / MBIT == pytest.approx(mean_mbit_per_s)
    is_missing = kind in ("an empty cell", "cells that are not numbers")
    assert any("left out" in warning for warning in recording.warnings) == is_missing


def written(tmp_path: Path, content: str, name: str = "recording.csv") -> Path:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


def bandwidth(tmp_path: Path, content: str, **options: Any) -> BandwidthRecording:
    recording = load(written(tmp_path, content), **options)
    assert isinstance(recording, BandwidthRecording)
    return recording


def warnings_of(recording: Recording) -> str:
    return " ".join(recording.warnings)


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("t,dl\n0,8\n1,9\n", {"down": "dl"}),
        ("time_ms,ul\n0,4\n1000,5\n", {"up": "ul"}),
        ("0,1\n0,1.5\n1,2.5\n", {"time": 0, "down": 1}),
    ],
)
def test_a_rate_without_a_unit_is_refused(
    tmp_path: Path, content: str, options: dict[str, Any]
) -> None:
    with pytest.raises(TraceError, match=r"the unit of column .* is not known: say rate_unit"):
        load(written(tmp_path, content), **options)


def test_a_gap_of_an_hour_is_cut_and_told(tmp_path: Path) -> None:
    rows = [f"{1764130000 + t},4" for t in (*range(10), *range(3610, 3620))]
    content = "time,mbps\n" + "\n".join(rows) + "\n"
    recording = bandwidth(tmp_path, content, down="mbps")
    assert recording.down is not None
    assert (recording.down.period_s, recording.down.mean) == (20.0, 4 * MBIT)
    assert recording.gaps_s == (3600.0,)
    assert "1 gap of more than 5 s (max_gap_s), 3600 s, was not measured" in warnings_of(recording)
    kept = bandwidth(tmp_path, content, down="mbps", max_gap_s=4000)
    assert kept.down is not None
    assert kept.down.period_s == 3620.0


def test_a_column_splits_runs(tmp_path: Path) -> None:
    path = written(tmp_path, "run_num,seq,speed\n1,1,8\n1,2,10\n2,1,1\n2,2,3\n")
    runs = load_all(path, down="speed", rate_unit="Mbit/s", run="run_num", step_s=1)
    means = {
        run: of.down.mean / MBIT
        for run, of in runs.items()
        if isinstance(of, BandwidthRecording) and of.down
    }
    assert means == {"1": 9.0, "2": 2.0}


def test_rows_of_one_time_share_it_with_a_warning(tmp_path: Path) -> None:
    recording = bandwidth(tmp_path, "t,mbps\n0,2\n1,2\n1,4\n2,6\n", down="mbps")
    assert recording.down is not None
    assert recording.down.mean == pytest.approx((2 + 3 + 6) / 3 * MBIT)
    assert "1 row repeats the time of the row before" in warnings_of(recording)


def test_genet_and_alphartc_are_read(tmp_path: Path) -> None:
    genet = {"timestamps": [0.0, 1.0, 2.0], "bandwidths": [2.0, 4.0, 4.0], "delays": [20] * 3}
    recording = load(written(tmp_path, json.dumps(genet), "genet.json"))
    assert isinstance(recording, BandwidthRecording)
    assert recording.down is not None
    assert recording.down.mean == 3 * MBIT
    steps = [{"duration": 200, "capacity": 0}, {"duration": 300, "capacity": 1000}]
    alphartc = {"uplink": {"trace_pattern": steps}, "downlink": {}}
    recording = load(written(tmp_path, json.dumps(alphartc), "alphartc.json"))
    assert isinstance(recording, BandwidthRecording)
    assert recording.up is not None
    assert recording.down is None
    assert recording.up.total == pytest.approx(0.3 * MBIT)


def test_a_table_of_windows_is_availability(tmp_path: Path) -> None:
    content = "device,on_s,off_s\na,0,3600\na,7200,10800\nb,100,200\n"
    recording = load(written(tmp_path, content))
    assert isinstance(recording, AvailabilityRecording)
    on = [recording.devices["a"].available_at(t_s) for t_s in (0, 3600, 7200, 10_800, 86_400)]
    assert on == [True, False, True, False, True]
    assert list(recording.devices) == ["a", "b"]


def test_implausible_rates_are_read_with_a_warning(tmp_path: Path) -> None:
    rates = load(written(tmp_path, "1000\n" * 3, "kbps.txt"))  # mahimahi: three packets in a second
    assert isinstance(rates, BandwidthRecording)
    assert rates.down is not None
    assert rates.down.total == 4500
    assert "a mean of 0.036 Mbit/s is implausible" in warnings_of(rates)
    assert "step_s=1" in warnings_of(rates)
    pairs = load(written(tmp_path, "0 8000\n1000 7500\n2000 8100\n", "ms_kbps.txt"))
    assert "a mean of 7.8e+03 Mbit/s is implausible" in warnings_of(pairs)
    assert "in kbit/s it is 7.8 Mbit/s" in warnings_of(pairs)


GNETTRACK = "Timestamp,Longitude,Latitude,NetworkMode,DL_bitrate,UL_bitrate,State\n"


def gnettrack(*seconds_and_kbps: tuple[int, int]) -> str:
    rows = [f"2024.01.01_10.00.{s:02d},0,0,5G,{kbps},500,D\n" for s, kbps in seconds_and_kbps]
    return GNETTRACK + "".join(rows)


def test_one_step_back_of_a_clock_is_spread(tmp_path: Path) -> None:
    content = gnettrack((0, 8000), (1, 6000), (0, 4000), (2, 5000), (3, 7000))
    recording = bandwidth(tmp_path, content)
    assert recording.down is not None
    assert recording.down.mean == pytest.approx(6 * MBIT)
    assert "went back by up to a second once" in warnings_of(recording)


def test_a_quoted_header_is_a_header(tmp_path: Path) -> None:
    content = gnettrack((0, 8000), (1, 4000))
    quoted = ",".join(f'"{name}"' for name in GNETTRACK.strip().split(",")) + "\n"
    plain, other = (
        load(written(tmp_path, text)) for text in (content, content.replace(GNETTRACK, quoted))
    )
    assert isinstance(plain, BandwidthRecording)
    assert isinstance(other, BandwidthRecording)
    assert plain.down is not None
    assert other.down is not None
    assert other.down.mean == plain.down.mean == pytest.approx(6 * MBIT)


def test_a_directory_passes_over_its_readme(tmp_path: Path) -> None:
    written(tmp_path, "Recorded by me.\n", "README.md")
    written(tmp_path, "".join(f"{t} {1 + t % 3}\n" for t in range(9)), "a.txt")
    read: list[str] = []
    passed_over: list[str] = []
    for row in info([tmp_path]):
        (passed_over if row["passed_over"] else read).append(Path(row["file"]).name)
        assert row["error"] is None
    assert (read, passed_over) == (["a.txt"], ["README.md"])


def phone(*messages: str) -> dict[str, str]:
    return {"guid": "0", "model": "X", "messages": "\n".join(messages)}


GOOD = phone("2020-01-29 18:00:00\tbattery_charged_on", "2020-01-30 08:00:00\tbattery_charged_off")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (phone(""), "needs at least one event"),
        (
            phone("2019-10-27 02:59:00\tscreen_on", "2019-10-27 02:05:00\tbattery_charged_on"),
            "device bad, message 1 goes back in time",
        ),
    ],
)
def test_one_bad_phone_is_left_out_and_said(
    tmp_path: Path, bad: dict[str, str], reason: str
) -> None:
    recording = load(written(tmp_path, json.dumps({"bad": bad, "good": GOOD}), "flash.json"))
    assert isinstance(recording, AvailabilityRecording)
    assert list(recording.devices) == ["good"]
    (told,) = [warning for warning in recording.warnings if "left out" in warning]
    assert told.startswith("1 of 2 devices was left out: ")
    assert told.endswith(reason)
    assert told.count("device bad") == 1


def test_boolean_options_are_booleans(tmp_path: Path) -> None:
    events = [[0, "UN_AVL"], [100, "AVL_EVAL"], [200, "UN_AVL"]]
    path = written(tmp_path, json.dumps({"1": events}), "flame.json")
    for value, is_on in (("false", False), (False, False), ("true", True), (True, True)):
        recording = load(path, eval_counts=value, format="flame")
        assert isinstance(recording, AvailabilityRecording)
        assert recording.devices["1"].available_at(150) is is_on


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "pensieve", "payload_factor": "abc"}, "payload_factor must be a number"),
        ({"down": "mbps", "time_unit": "3"}, "recording.csv:1: option time_unit must be one of s"),
        ({"down": "mbps", "delimiter": ";;"}, "option delimiter must be one sign, tab or space"),
        ({"down": "mbps", "header": "maybe"}, "option header must be true or false"),
        ({"down": "mbps", "eval_counts": "false"}, "no such option: 'eval_counts'"),
    ],
)
def test_options_of_another_kind_are_refused(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(TraceError) as caught:
        load(written(tmp_path, "t,mbps\n0,1\n1,2\n"), **options)
    text = str(caught.value)
    assert message in text
    assert text.count("recording.csv") == 1


def test_formats_without_directions_are_declared_an_uplink(tmp_path: Path) -> None:
    lines = written(tmp_path, "1\n2\n3\n", "link.log")
    pairs = written(tmp_path, "0 8\n1 8\n2 8\n", "pairs.txt")
    for path, mean in ((lines, 1.5e6), (pairs, 1e6)):
        with pytest.raises(TraceError, match="has no uplink"):
            load_bandwidth(path, "up")
        assert load_bandwidth(path, "up", direction="up").mean == pytest.approx(mean)


def test_capacities_of_phones_are_read(tmp_path: Path) -> None:
    content = json.dumps({"1": {"computation": 100, "communication": 8000}})
    recording = load(written(tmp_path, content, "client_device_capacity"))
    assert isinstance(recording, CapacityRecording)
    (one,) = recording.devices
    assert one.train_s_per_sample == pytest.approx(0.3)
    assert one.bytes_per_s == 1e6


def test_a_profile_of_states_is_availability_and_no_rate(tmp_path: Path) -> None:
    recording = load(written(tmp_path, "0 1\n100 0\nLOOPAFTER 50\n", "node.avail"))
    assert isinstance(recording, AvailabilityRecording)
    (device,) = recording.devices.values()
    assert [device.available_at(t_s) for t_s in (0, 99, 100, 149, 150)] == [
        *(True, True, False, False, True)
    ]
