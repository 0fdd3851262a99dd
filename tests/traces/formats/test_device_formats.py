"""Availability and capacity formats by hand, and what they refuse."""

import math
from typing import Any

import pytest

from traces.formats import read
from traces.formats.source import Source
from traces.recording import AvailabilityRecording, CapacityRecording, TraceError


def recording(text: str, **options: Any) -> AvailabilityRecording:
    found = read(Source("t.log", text.encode()), **options)
    assert isinstance(found, AvailabilityRecording)
    return found


def test_fedscale_behaviour_is_available_from_active_to_inactive(native: dict[str, str]) -> None:
    device = recording(native["fedscale-behaviour"]).devices["12"]
    assert (device.changes_s, device.first, device.period_s) == ((10, 20, 50, 60), False, 100.0)
    assert device.share == 0.2


def test_flash_under_each_rule(native: dict[str, str]) -> None:
    windows = {
        "charging": ((100.0,), True),
        "charging+locked": ((10.0, 50.0), False),
        "charging+locked+wifi": ((20.0, 40.0), False),
    }
    for rule, (changes_s, first) in windows.items():
        device = recording(native["flash"], rule=rule).devices["0"]
        assert (device.changes_s, device.first, device.period_s) == (changes_s, first, 86_400.0)


def test_flash_says_where_a_rule_can_never_be_met(native: dict[str, str]) -> None:
    no_network = native["flash"].replace("wifi", "99%").replace("4G", "98%")
    warnings = recording(no_network, rule="charging+locked+wifi").warnings
    assert "1 of 1 devices are never available under it" in warnings
    assert "the log has no network events, so no device is ever on WiFi" in warnings


def test_flame_states_and_options(native: dict[str, str]) -> None:
    plain = recording(native["flame"])
    assert plain.devices["1"].changes_s == (300.0, 400.0, 1000.0)
    assert plain.devices["2"].share == 0.0
    assert plain.warnings == ("1 of 2 devices are forced available at the start",)
    dropped = recording(native["flame"], drop_forced_start=True)
    assert (dropped.devices["1"].changes_s, dropped.warnings) == ((400.0, 1000.0), ())
    lenient = recording(native["flame"], eval_counts=True)
    assert lenient.devices["1"].changes_s == (300.0, 400.0, 2000.0)


def test_aware_rows_are_sorted_and_charging_or_full_counts(native: dict[str, str]) -> None:
    device = recording(native["aware"]).devices["0"]
    assert device.first is True
    assert device.changes_s == (99.5, 299.5)
    assert device.period_s == 86_400.0


def test_aware_tells_users_and_devices_apart() -> None:
    text = "user,device,time,battery_status\na,x,10,2\nb,y,5,3\na,x,20,3\n"
    devices = recording(text).devices
    assert sorted(devices) == ["a/x", "b/y"]
    assert devices["a/x"].share == 10.0 / 86_400.0


def test_fedscale_capacity_trains_in_three_times_its_inference(native: dict[str, str]) -> None:
    found = read(Source("t.log", native["fedscale-capacity"].encode()))
    assert isinstance(found, CapacityRecording)
    first, second = found.devices
    assert (first.name, first.bytes_per_s) == ("7", 127_000.0)
    assert math.isclose(first.train_s_per_sample, 0.549)
    assert math.isclose(second.train_s_per_sample, 0.15)
    csv = "client_id,computation_ms_per_sample,communication_kbps\n7,183.0,1016.0\n9,50,8000\n"
    from_csv = read(Source("t.log", csv.encode()))
    assert isinstance(from_csv, CapacityRecording)
    assert from_csv.devices == found.devices


@pytest.mark.parametrize(
    ("format", "text", "message"),
    [
        ("fedscale-behaviour", "{}", "at least one client"),
        ("fedscale-behaviour", '{"1": {"active": [1]}}', "client 1 needs active, inactive"),
        (
            "fedscale-behaviour",
            '{"1": {"active": [1, 2], "inactive": [3], "finish_time": 9}}',
            "client 1: 2 active for 1 inactive",
        ),
        (
            "fedscale-behaviour",
            '{"1": {"active": [1, 2], "inactive": [3, 4], "finish_time": 9}}',
            "client 1: active again at 2 s, before 3 s",
        ),
        (
            "fedscale-behaviour",
            '{"1": {"active": [5], "inactive": [3], "finish_time": 9}}',
            "client 1: a window must not end before it begins, got 5 to 3 s",
        ),
        (
            "fedscale-behaviour",
            '{"1": {"active": [5], "inactive": [30], "finish_time": 9}}',
            "1.inactive must be in 0..9, got 30",
        ),
        ("flash", '{"0": {"messages": 5}}', "device 0 needs messages"),
        ("flash", '{"0": {"messages": ""}}', "device 0: needs at least one event"),
        ("flash", '{"0": {"messages": "yesterday\\twifi"}}', "no stamp in 'yesterday'"),
        (
            "flash",
            '{"0": {"messages": "2020-01-02 00:00:00\\tx\\n2020-01-01 00:00:00\\tx"}}',
            "device 0, message 1 goes back in time",
        ),
        ("flame", '{"1": []}', "trainer 1 must be a list of at least one"),
        ("flame", '{"1": [[0, "ON"]]}', "trainer 1[0] must be [t_s, one of AVL_TRAIN"),
        ("flame", '{"1": [[5, "UN_AVL"], [1, "UN_AVL"]]}', "trainer 1[1] goes back in time"),
        ("flame", '{"1": [[5e9, "UN_AVL"]]}', "are its times in seconds?"),
        ("aware", "time,battery_status\nnoon,2\n", "t.log:2: time must be a number, got 'noon'"),
        ("fedscale-capacity", '{"1": {"computation": 5}}', "needs computation and communication"),
        ("fedscale-capacity", '{"1": {"computation": -5, "communication": 1}}', "must be in 1e-06"),
        ("fedscale-capacity", "{}", "holds no client"),
    ],
)
def test_a_bad_file_is_refused_with_the_rule(format: str, text: str, message: str) -> None:
    with pytest.raises(TraceError) as caught:
        read(Source("t.log", text.encode()), format)
    assert message in str(caught.value)
    assert str(caught.value).startswith("t.log:")


def test_an_unknown_flash_rule_is_refused(native: dict[str, str]) -> None:
    with pytest.raises(TraceError, match="rule must be one of charging, "):
        recording(native["flash"], rule="idle")
