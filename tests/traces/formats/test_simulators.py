"""Traces of measuring tools and of other simulators: iperf3, Genet, AlphaRTC and SimGrid."""

import json
from typing import Any

import pytest

from traces.formats import read
from traces.formats.source import Source
from traces.load import load_bandwidth
from traces.recording import AvailabilityRecording, BandwidthRecording, TraceError
from traces.step import StepTrace

MBIT = 1e6 / 8


def bandwidth(content: object, **options: Any) -> BandwidthRecording:
    text = content if isinstance(content, str) else json.dumps(content)
    recording = read(Source("t.log", text.encode()), **options)
    assert isinstance(recording, BandwidthRecording)
    return recording


def steps(trace: StepTrace | None) -> list[tuple[float, float]]:
    """(start_s, bytes in the interval), then the end of the period."""
    assert trace is not None
    starts = zip(trace.times_s.tolist(), trace.amounts.tolist(), strict=True)
    return [*starts, (trace.period_s, -1.0)]


def iperf3(*intervals: dict[str, Any], start: dict[str, Any] | None = None) -> dict[str, Any]:
    client = {"connecting_to": {"host": "h"}, "test_start": {"reverse": 0}}
    return {"start": client if start is None else start, "intervals": list(intervals), "end": {}}


def total(n_bytes: int, sender: bool | None = None, seconds: float = 1.0) -> dict[str, Any]:
    told = {"seconds": seconds, "bytes": n_bytes, "omitted": False}
    return told if sender is None else told | {"sender": sender}


def test_iperf3_sends_up_and_leaves_omitted_intervals_out(native: dict[str, str]) -> None:
    found = bandwidth(native["iperf3"])
    assert (found.format, found.down) == ("iperf3", None)
    assert steps(found.up) == [(0.0, 1_250_000.0), (1.0, 250_000.0), (1.5, -1.0)]
    assert found.warnings == ("1 omitted intervals were left out",)


def test_iperf3_in_both_directions() -> None:
    both = {"sum": total(100, sender=True), "sum_bidir_reverse": total(900, sender=False)}
    found = bandwidth(iperf3(both, both))
    assert steps(found.up) == [(0.0, 100.0), (1.0, 100.0), (2.0, -1.0)]
    assert steps(found.down) == [(0.0, 900.0), (1.0, 900.0), (2.0, -1.0)]
    with pytest.raises(TraceError, match="holds both directions"):
        bandwidth(iperf3(both), direction="up")


def test_an_iperf3_log_that_ended_with_an_error_says_so() -> None:
    log = iperf3({"sum": total(100)}) | {"error": "interrupt - the client has terminated"}
    told = "iperf3 ended with an error: interrupt - the client has terminated"
    assert bandwidth(log).warnings == (told,)


@pytest.mark.parametrize(
    ("start", "sender", "direction"),
    [
        ({"connecting_to": {}, "test_start": {"reverse": 1}}, False, "down"),
        ({"connecting_to": {}, "test_start": {"reverse": 1}}, None, "down"),
        ({"connecting_to": {}, "test_start": {"reverse": 0}}, None, "up"),
        ({"accepted_connection": {}, "test_start": {"reverse": 0}}, False, "up"),
        ({"accepted_connection": {}, "test_start": {"reverse": 1}}, True, "down"),
    ],
)
def test_iperf3_directions_are_the_clients_in_either_ends_log(
    start: dict[str, Any], sender: bool | None, direction: str
) -> None:
    found = bandwidth(iperf3({"sum": total(100, sender)}, start=start))
    assert (found.down is not None, found.up is not None) == (
        direction == "down",
        direction == "up",
    )


@pytest.mark.parametrize(
    ("start", "sender"),
    [
        ({"connecting_to": {}}, True),
        ({"connecting_to": {}}, None),
        ({"accepted_connection": {}}, True),
    ],
)
def test_what_a_udp_sender_offered_is_no_rate(start: dict[str, Any], sender: bool | None) -> None:
    sent = {"sum": total(12_500_000, sender)}
    udp = {"protocol": "UDP", "reverse": 0}
    told = r"t.log:1: intervals\[0\].sum: a UDP sender's log counts what it offered"
    with pytest.raises(TraceError, match=told):
        bandwidth(iperf3(sent, start=start | {"test_start": udp}))
    assert bandwidth(iperf3(sent, start=start | {"test_start": {"protocol": "TCP"}})).warnings == ()


@pytest.mark.parametrize(
    ("start", "sender", "reverse"),
    [
        ({"connecting_to": {}}, False, 1),
        ({"connecting_to": {}}, None, 1),
        ({"accepted_connection": {}}, False, 0),
        ({"accepted_connection": {}}, None, 0),
    ],
)
def test_what_a_udp_receiver_got_is_read(
    start: dict[str, Any], sender: bool | None, reverse: int
) -> None:
    test = {"test_start": {"protocol": "UDP", "reverse": reverse}}
    found = bandwidth(iperf3({"sum": total(100, sender)}, start=start | test))
    assert (found.down is not None, found.up is not None) == (reverse == 1, reverse == 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"start": {}, "intervals": [], "error": "unable to connect"}, "holds no interval: unable"),
        (iperf3({"streams": []}), "intervals[0] must be an object with sum"),
        (iperf3({"sum": {"seconds": 1}}), "intervals[0].sum needs bytes"),
        (iperf3({"sum": {"seconds": 1, "bytes": "x"}}), "intervals[0].sum.bytes must be a number"),
        (iperf3({"sum": {"omitted": True}}), "every interval is omitted"),
        ({"start": 3, "intervals": [1]}, "must be an object with a start and a list of intervals"),
    ],
)
def test_a_broken_iperf3_log_is_one_line(content: object, message: str) -> None:
    with pytest.raises(TraceError) as caught:
        bandwidth(content)
    assert str(caught.value).startswith(f"t.log:1: {message}")


def test_a_genet_bandwidth_holds_until_the_next_time_and_the_last_time_ends(
    native: dict[str, str],
) -> None:
    found = bandwidth(native["genet"])
    expected = [(0.0, 0.5 * MBIT), (0.5, 2.0 * MBIT), (1.5, 2.0 * MBIT), (2.0, -1.0)]
    assert steps(found.down) == expected
    assert found.latency_s is not None
    assert [found.latency_s.value_at(t_s) for t_s in (0.0, 0.7)] == [0.04, 0.06]


def test_genet_with_one_delay_or_one_time() -> None:
    found = bandwidth({"timestamps": [0, 1], "bandwidths": [8, 8], "delays": [50]})
    assert found.latency_s is not None
    assert found.latency_s.value_at(9.0) == 0.1
    constant = bandwidth({"timestamps": [0], "bandwidths": [8]}).down
    assert constant is not None
    assert constant.time_to_accumulate(3.0, 5e6) == 5.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"timestamps": [0, 1], "bandwidths": [1]}, "2 timestamps for 1 bandwidths"),
        ({"timestamps": [0, 0], "bandwidths": [1, 1]}, "timestamps[1] must be after 0 s, got 0 s"),
        ({"timestamps": [], "bandwidths": []}, "timestamps must be a list of at least one number"),
        ({"timestamps": [0, None], "bandwidths": [1, 1]}, "timestamps[1] must be a number"),
        ({"timestamps": [0, 1], "bandwidths": [1, 1], "delays": [1] * 3}, "3 delays for 2 timest"),
    ],
)
def test_a_broken_genet_trace_is_one_line(content: object, message: str) -> None:
    with pytest.raises(TraceError) as caught:
        bandwidth(content)
    assert str(caught.value).startswith(f"t.log:1: {message}")


def test_an_alphartc_pattern_has_durations_and_a_round_trip(native: dict[str, str]) -> None:
    found = bandwidth(native["alphartc"])
    assert found.down is None
    assert steps(found.up) == [(0.0, 0.0), (0.2, 75_000.0), (0.5, -1.0)]
    assert found.latency_s is not None
    assert [found.latency_s.value_at(t_s) for t_s in (0.1, 0.3)] == [0.08, 0.1]


def test_alphartc_in_both_directions_tells_that_loss_is_left_out() -> None:
    step = {"duration": 1000, "capacity": 800, "loss": 0.1}
    found = bandwidth({"uplink": {"trace_pattern": [step]}, "downlink": {"trace_pattern": [step]}})
    assert steps(found.down) == steps(found.up) == [(0.0, 100_000.0), (1.0, -1.0)]
    assert found.latency_s is None
    assert found.warnings == ("packet loss is not modelled: the steps' loss was left out",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"uplink": {"trace_pattern": []}}, "needs a trace_pattern of at least one step"),
        ({"uplink": {"trace_pattern": 3}}, "uplink must be an object with a list trace_pattern"),
        (
            {"uplink": {"trace_pattern": [{"duration": 1}]}},
            "uplink.trace_pattern[0] must be an object with duration and capacity",
        ),
        (
            {"uplink": {"trace_pattern": [{"duration": 1, "capacity": -1}]}},
            "uplink.trace_pattern[0].capacity must be in 0",
        ),
    ],
)
def test_a_broken_alphartc_trace_is_one_line(content: object, message: str) -> None:
    with pytest.raises(TraceError) as caught:
        bandwidth(content)
    assert str(caught.value).startswith(f"t.log:1: {message}")


def availability(text: str, **options: Any) -> AvailabilityRecording:
    recording = read(Source("t.profile", text.encode()), **options)
    assert isinstance(recording, AvailabilityRecording)
    return recording


def test_a_simgrid_bandwidth_repeats_after_its_last_date(native: dict[str, str]) -> None:
    found = bandwidth(native["simgrid"])  # before 2 s, later turns have the last value
    assert steps(found.down) == [(0.0, 6e6), (2.0, 4e6), (4.0, 18e6), (10.0, -1.0)]
    up = bandwidth(native["simgrid"], direction="up")
    assert (up.down, steps(up.up)) == (None, steps(found.down))


def test_a_simgrid_profile_of_states_is_availability_not_one_megabit() -> None:
    for text in ("0 1\n10 0\n11 1\nLOOPAFTER 9\n", "0 1.0\n10 0.0\n11 1\nPERIODICITY 20\n"):
        device = availability(text).devices["0"]
        assert (device.changes_s, device.first, device.period_s) == ((10.0, 11.0), True, 20.0)
        assert device.end_rule == "loop"


def test_a_simgrid_profile_that_does_not_repeat_holds_its_last_value() -> None:
    found = availability("67 0\n70 1\n")
    device = found.devices["0"]
    assert [device.available_at(t_s) for t_s in (0.0, 68.0, 1e9)] == [True, False, True]
    assert found.warnings == (
        "read as on and off by its values 0 and 1: if they are Mbit/s, say format=pensieve",
    )
    trace = bandwidth("0 1e6\n10 5e5\n", format="simgrid").down
    assert trace is not None
    assert [trace.value_at(t_s) for t_s in (5.0, 1e9)] == [1e6, 5e5]


def test_states_read_as_rates_only_where_that_is_said(tmp_path: Any) -> None:
    path = tmp_path / "t.txt"
    path.write_text("0 1\n10 0\n11 1\n")
    with pytest.raises(TraceError, match="holds no bandwidth: it is a simgrid file"):
        load_bandwidth(path, "down")
    assert load_bandwidth(path, "down", "pensieve").total == 1.0 * MBIT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 1\n10 1\n", "t.profile:1: every value is 1: say kind=state"),
        ("0 0.5\n2 1.0\n8 4\nLOOPAFTER 10\n", "values up to 4 are neither states nor bytes/s"),
        ("1 0.003\n3 0.015\nLOOPAFTER 6\n", "values up to 0.015 are neither states nor bytes/s"),
        ("STOCHASTIC LOOP\nDET 0 UNIF 10 20\n", "t.profile:1: a random profile is no recording"),
        ("0 1\n5 0\n4 1\nLOOPAFTER 6\n", "t.profile:3: dates must not decrease"),
        ("0 1\n5 0\nLOOPAFTER 0\n", "LOOPAFTER or PERIODICITY must be above 0 s"),
    ],
)
def test_a_simgrid_profile_that_cannot_be_read_is_one_line(text: str, message: str) -> None:
    with pytest.raises(TraceError) as caught:
        read(Source("t.profile", text.encode()))
    assert message in str(caught.value)


def test_an_always_on_profile_is_read_where_its_kind_is_said() -> None:
    assert availability("0 1\n10 1\n", kind="state").devices["0"].share == 1.0


def test_an_old_periodicity_is_told() -> None:
    found = availability("0 1\n11 0\n20 1\nPERIODICITY 1.0\n")
    assert found.devices["0"].period_s == 21.0
    assert "PERIODICITY is not after the last date" in found.warnings[0]
