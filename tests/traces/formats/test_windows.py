"""Tables of the windows in which devices are available."""

from typing import Any

import pytest

from traces.formats import read
from traces.formats.source import Source
from traces.recording import AvailabilityRecording, TraceError

DAY_S = 86_400.0


def windows(text: str, **options: Any) -> AvailabilityRecording:
    recording = read(Source("t.csv", text.encode()), **options)
    assert isinstance(recording, AvailabilityRecording)
    return recording


def test_windows_by_device_repeat_after_a_day(native: dict[str, str]) -> None:
    found = windows(native["windows"])
    assert found.format == "windows"
    assert list(found.devices) == ["b", "a"]
    device = found.devices["b"]
    assert (device.changes_s, device.first, device.period_s) == (
        (3600.0, 7200.0, 9000.0),
        True,
        DAY_S,
    )
    assert found.devices["a"].changes_s == (7200.0, 10800.0)
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("client_id;start_time;end_time_s\n7;60;120\n", {}),
        ("device,on (min),off (min)\n7,1,2\n", {}),
        ("device,on,off\n7,60000,120000\n", {"time_unit": "ms"}),
        (
            "who\tfrom when\ttill\n7\t60\t120\n",
            {"device": "who", "start": "from when", "end": "till", "time_unit": "s"},
        ),
        ("7,60,120\n", {"device": 0, "start": 1, "end": 2, "time_unit": "s"}),
        ("node,available_from_s,available_until_s\n7,60,120\n", {}),
        ("id,begin,end\n7,2024-03-31T00:01:00Z,2024-03-31T01:02:00+01:00\n", {}),
        ("id,begin,end\n7,2024-03-31 00:01:00,2024-03-31 00:02:00\n", {}),
        ("id,begin,end\n7,1711843260,1711843320\n", {}),
        ("id,begin,end\n7,1711843260000,1711843320000\n", {}),
    ],
)
def test_other_names_units_and_stamps(text: str, options: dict[str, Any]) -> None:
    device = windows(text, **options).devices["7"]
    assert (device.changes_s, device.first, device.period_s) == ((60.0, 120.0), False, DAY_S)


def test_all_devices_share_the_midnight_before_the_first_stamp() -> None:
    text = "id,begin,end\na,2024-03-31T23:00:00Z,2024-04-01T01:00:00Z\n"
    text += "b,2024-04-01T06:00:00Z,2024-04-01T07:00:00Z\n"
    found = windows(text)
    assert found.devices["a"].changes_s == (82_800.0, 90_000.0)
    assert found.devices["b"].changes_s == (108_000.0, 111_600.0)
    assert {device.period_s for device in found.devices.values()} == {2 * DAY_S}


def test_a_table_without_devices_is_of_one() -> None:
    found = windows("on,off\n10,20\n15,30\n", start="on", end="off", period_s=100)
    assert found.devices["0"].changes_s == (10.0, 30.0)  # they overlap
    assert found.devices["0"].share == 0.2


def test_one_bad_device_is_left_out_and_an_open_window_too() -> None:
    found = windows("device,on_s,off_s\na,10,20\na,30,\nb,5,9\nc,9,5\n")
    assert sorted(found.devices) == ["a", "b"]
    assert found.warnings == (
        "1 of 4 windows without on_s or off_s were left out",
        "1 of 3 devices was left out: line 5: device c: a window must not end before it begins, "
        "got 9 to 5 s",
    )


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("device,on_s,off_s\na,9,5\n", {}, "t.csv:2: device a: a window must not end before"),
        ("device,on_s,off_s\na,noon,5\n", {}, "t.csv:2: a time must be a number or an ISO"),
        ("device,on,off\na,1,5e9\n", {"time_unit": "s"}, "are the times in seconds?"),
        ("device,on,off\na,,\n", {}, "t.csv:2: no row has on and off"),
        ("device,on,off\na,1,5\n", {"period_s": 4}, "ends at 5 s, after period_s of 4 s"),
        ("device,on,off\na,1,5\n", {"time_unit": "parsec"}, "option time_unit must be one of s,"),
        ("device,on,off\na,1\n", {}, "t.csv:2: 3 fields expected, got 2"),
        (
            "a,b\n1,2\n",
            {"start": "a"},
            "name the columns with device, start and end; the header has a, b",
        ),
    ],
)
def test_bad_windows_are_one_line(text: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(TraceError) as caught:
        windows(text, **options)
    assert message in str(caught.value)
