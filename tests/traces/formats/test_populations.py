"""Files of many devices: a bad one is left out and told; mostly bad ones are a bad file."""

import pytest

from traces.formats import read
from traces.formats.source import Source
from traces.recording import AvailabilityRecording, CapacityRecording, TraceError

FLASH_GOOD = '{"messages": "2020-01-29 18:42:18 \\tbattery_charged_on"}'
FLASH_EMPTY = '{"messages": ""}'
FLASH_BACK = (
    '{"messages": "2019-10-27 02:59:00 \\tbattery_charged_on\\n2019-10-27 02:05:00 \\tscreen_off"}'
)

POPULATIONS = {
    "flash, empty": (f'{{"0": {FLASH_GOOD}, "1": {FLASH_EMPTY}}}', "needs at least one event"),
    "flash, clock": (f'{{"0": {FLASH_GOOD}, "1": {FLASH_BACK}}}', "message 1 goes back in time"),
    "flame": (
        '{"0": [[0, "AVL_TRAIN"]], "1": [[5, "UN_AVL"], [1, "UN_AVL"]]}',
        "trainer 1[1] goes back in time",
    ),
    "fedscale-behaviour": (
        '{"0": {"active": [1], "inactive": [2], "finish_time": 9},'
        ' "1": {"active": [5], "inactive": [3], "finish_time": 9}}',
        "a window must not end before it begins",
    ),
    "aware": (
        "device,time,battery_status\n0,10,2\n1,noon,2\n",
        "line 3: time must be a number, got 'noon'",
    ),
    "windows": ("device,on_s,off_s\n0,1,2\n1,5,3\n", "line 3: device 1: a window must not end"),
}


@pytest.mark.parametrize("name", sorted(POPULATIONS))
def test_one_bad_device_is_left_out_and_told(name: str) -> None:
    text, reason = POPULATIONS[name]
    found = read(Source("t.log", text.encode()))
    assert isinstance(found, AvailabilityRecording)
    assert list(found.devices) == ["0"]
    (told,) = [warning for warning in found.warnings if "left out" in warning]
    assert told.startswith("1 of 2 devices was left out: ")
    assert reason in told


def test_a_bad_capacity_is_left_out_and_told() -> None:
    text = '{"7": {"computation": 50, "communication": 8}, "9": {"computation": 5}}'
    found = read(Source("t.log", text.encode()))
    assert isinstance(found, CapacityRecording)
    assert [device.name for device in found.devices] == ["7"]
    assert found.warnings[1] == (
        "1 of 2 devices was left out: client 9 needs computation and communication"
    )


def test_a_client_that_is_there_twice_is_refused() -> None:
    text = "client_id,computation_ms_per_sample,communication_kbps\n7,1,2\n7,3,4\n"
    with pytest.raises(TraceError, match=r"t\.log:3: duplicate client 7"):
        read(Source("t.log", text.encode()))


def test_mostly_bad_devices_are_a_bad_file() -> None:
    text = f'{{"0": {FLASH_GOOD}, "1": {FLASH_EMPTY}, "2": {FLASH_EMPTY}}}'
    with pytest.raises(TraceError, match="device 1: needs at least one event"):
        read(Source("t.log", text.encode()))
