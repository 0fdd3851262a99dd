"""Timelines follow the rules of their format and agree with the log."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from analysis.timeline import CLIENTS, SERVER, timeline
from sim import load_scenario, run_scenario
from sim.run_files import read_rows

SCENARIO = """
name: seen
model: {source: "shape:bert-base"}
task: {kind: synthetic, batches_per_client: 20}
partition: {kind: iid, clients: 20}
learner: {kind: curve}
fleet:
  devices: {jetson-tx2: 0.4, jetson-nano: 0.6}
  network: {kind: trace, downlink: lte.down, uplink: lte.up, latency_s: 0.02}
  p_dropout: 0.1
  availability:
    {kind: windows, windows_s: [[0, 30]], period_s: 50, stagger_s: 7, when_offline: pause}
cost: {kind: table, payload: exact, scale: none}
rounds: {participants: 6, min_reports: 2}
configurator: {kind: sideline, interval_s: 15, start: {depth: 1, width: 8}}
evaluation: {every_rounds: 2}
stop: {rounds: 4}
"""

Event = dict[str, Any]


@pytest.fixture(scope="module")
def run_of_level(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("runs")
    file = directory / "scenario.yaml"
    file.write_text(SCENARIO)
    levels = ("rounds", "clients", "all")
    scenarios = {level: load_scenario(file, [f"log={level}"]) for level in levels}
    return {k: run_scenario(v, seed=1, out=directory).run_dir for k, v in scenarios.items()}


@pytest.fixture(scope="module")
def events(run_of_level: dict[str, Path]) -> list[Event]:
    return list(timeline(run_of_level["all"])["traceEvents"])


def test_every_event_has_the_fields_of_its_phase(events: list[Event]) -> None:
    needed = {
        "X": {"name", "pid", "tid", "ts", "dur"},
        "i": {"name", "pid", "tid", "ts", "s"},
        "C": {"name", "pid", "ts", "args"},
        "M": {"name", "pid", "args"},
    }
    assert {event["ph"] for event in events} == set(needed)
    for event in events:
        assert needed[event["ph"]] <= set(event)
        assert event.get("ts", 0) >= 0
        assert event.get("dur", 0) >= 0
        if event["ph"] == "C":
            assert all(isinstance(value, float | int) for value in event["args"].values())


def test_the_file_is_json_without_special_numbers(events: list[Event]) -> None:
    json.dumps(events, allow_nan=False)


def test_slices_of_a_track_nest_or_are_disjoint(events: list[Event]) -> None:
    tracks: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            start_ns = round(event["ts"] * 1000)
            span = (start_ns, start_ns + round(event["dur"] * 1000))
            tracks[event["pid"], event["tid"]].append(span)
    assert len(tracks) > 10
    for spans in tracks.values():
        assert_nested(sorted(spans, key=lambda span: (span[0], -span[1])))


def assert_nested(spans: Iterable[tuple[int, int]]) -> None:
    ends: list[int] = []
    for start_ns, end_ns in spans:
        while ends and ends[-1] <= start_ns:
            ends.pop()
        assert not ends or end_ns <= ends[-1]
        ends.append(end_ns)


def test_every_track_and_process_has_a_name(events: list[Event]) -> None:
    named = {(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name"}
    assert {(e["pid"], e["tid"]) for e in events if e["ph"] in "Xi"} == named
    assert {e["pid"] for e in events if e["name"] == "process_name"} == {SERVER, CLIENTS}


def test_work_in_the_timeline_has_the_seconds_of_the_log(
    run_of_level: dict[str, Path], events: list[Event]
) -> None:
    rows = list(read_rows(run_of_level["all"] / "events.jsonl"))
    logged_s = sum(row["compute_s"] for row in rows if row["row"] == "client")
    shown_s = sum(event["dur"] for event in events if event["name"] == "compute") / 1e6
    assert shown_s == pytest.approx(logged_s, rel=1e-6)
    waited_s = sum(row["wait_s"] for row in rows if row["row"] == "client")
    offline_s = sum(event["dur"] for event in events if event["name"] == "offline") / 1e6
    assert waited_s > 0
    assert offline_s == pytest.approx(waited_s, rel=1e-6)


def test_bytes_in_flight_end_at_zero_and_are_never_negative(events: list[Event]) -> None:
    values = [e["args"]["value"] for e in events if e["name"] == "bytes in flight"]
    assert max(values) > 0
    assert min(values) == 0 == values[-1]


def test_a_coarser_log_names_what_is_missing(run_of_level: dict[str, Path]) -> None:
    rounds, clients = (timeline(run_of_level[level]) for level in ("rounds", "clients"))
    assert {event["pid"] for event in rounds["traceEvents"]} == {SERVER}
    assert {event["pid"] for event in clients["traceEvents"]} == {SERVER, CLIENTS}
    assert "rounds of clients" in rounds["otherData"]["not in this run's log"]
    assert "not in this run's log" not in timeline(run_of_level["all"])["otherData"]


def test_an_interval_and_clients_limit_the_timeline(run_of_level: dict[str, Path]) -> None:
    chosen = timeline(run_of_level["all"], from_s=5, to_s=10, clients=[{3}])["traceEvents"]
    spans = [event for event in chosen if event["ph"] == "X"]
    assert all(e["ts"] <= 10e6 and e["ts"] + e["dur"] >= 5e6 for e in spans)
    names = {e["args"]["name"] for e in chosen if e["name"] == "thread_name"}
    assert {name for name in names if name.startswith("client ")} == {"client 3"}
    some = timeline(run_of_level["all"], from_s=5, to_s=10, clients=[{3}, range(50, 10**12)])
    assert some["traceEvents"] == chosen


@pytest.mark.parametrize(
    ("choice", "rule"),
    [
        ({"clients": [{99}, range(10**6, 10**12)]}, "none of them has rows"),
        ({"from_s": 5.0, "to_s": 5.0}, "--to must be above --from"),
    ],
)
def test_an_invalid_interval_or_client_is_refused(
    run_of_level: dict[str, Path], choice: dict[str, Any], rule: str
) -> None:
    with pytest.raises(ValueError, match=rule):
        timeline(run_of_level["all"], **choice)


def test_a_directory_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a run directory"):
        timeline(tmp_path)
