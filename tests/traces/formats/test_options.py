"""Options of readers: each in the type that its reader declares, or one line."""

from typing import Any

import pytest

from traces.formats import read
from traces.formats.source import Source
from traces.recording import AvailabilityRecording, BandwidthRecording, TraceError


@pytest.mark.parametrize("no", ["false", "False", "no", "off", "0", False, 0, 0.0])
@pytest.mark.parametrize("yes", ["true", "YES", "on", "1", True, 1, 1.0])
def test_false_is_false_and_true_is_true(native: dict[str, str], yes: Any, no: Any) -> None:
    source = Source("t.json", native["flame"].encode())
    changes = []
    for eval_counts in (no, yes):
        found = read(source, eval_counts=eval_counts)
        assert isinstance(found, AvailabilityRecording)
        changes.append(found.devices["1"].changes_s)
    assert changes == [(300.0, 400.0, 1000.0), (300.0, 400.0, 2000.0)]


@pytest.mark.parametrize(
    ("format", "options", "message"),
    [
        (
            "flame",
            {"eval_counts": "maybe"},
            "option eval_counts must be true or false, got 'maybe'",
        ),
        ("flame", {"eval_counts": 2}, "option eval_counts must be true or false, got '2'"),
        (
            "pensieve",
            {"payload_factor": "abc"},
            "option payload_factor must be a number, got 'abc'",
        ),
        (
            "pensieve",
            {"payload_factor": True},
            "option payload_factor must be a number, got 'True'",
        ),
        ("pensieve", {"payload_factor": "nan"}, "must be a number in 0..1, got nan"),
        ("pensieve", {"payload_factor": -0.5}, "must be a number in 0..1, got -0.5"),
        ("pensieve", {"rtt_s": [1]}, "option rtt_s must be a number, got '[1]'"),
        ("pensieve", {"rtt": 1}, "no such option: 'rtt'; did you mean rtt_s? its options: payload"),
        ("mahimahi", {"direction": "uplink"}, "option direction must be one of down, up, got"),
        ("mahimahi", {"direction": 3}, "option direction must be one of down, up, got '3'"),
        ("flash", {"rule": "idle"}, "option rule must be one of charging, charging+locked"),
        ("starlink", {"x": "1"}, "no such option: 'x'; its options: none"),
        ("csv", {"delimiter": False}, "option delimiter must be text, got 'False'"),
        ("csv", {"step_s": 0}, "option step_s must be a number in 1e-09..1e+12, got 0"),
    ],
)
def test_a_bad_option_is_one_line(
    native: dict[str, str], format: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(TraceError) as caught:
        read(Source("t.log", native[format].encode()), format, **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_option_left_empty_in_yaml_is_not_given(native: dict[str, str]) -> None:
    source = Source("t.log", native["pensieve"].encode())
    found, plain = read(source, payload_factor=None, direction=None), read(source)
    assert isinstance(found, BandwidthRecording)
    assert isinstance(plain, BandwidthRecording)
    assert found.down is not None
    assert plain.down is not None
    assert found.down.total == plain.down.total


@pytest.mark.parametrize(
    "format", ["mahimahi", "pensieve", "sabre", "hsdpa", "ghent", "nyu-mets", "iperf3", "genet"]
)
def test_a_file_of_one_direction_can_be_declared_either(
    native: dict[str, str], format: str
) -> None:
    source = Source("t.log", native[format].encode())
    down, up = (read(source, direction=direction) for direction in ("down", "up"))
    assert isinstance(down, BandwidthRecording)
    assert isinstance(up, BandwidthRecording)
    assert (down.up, up.down) == (None, None)
    assert down.down is not None
    assert up.up is not None
    assert down.down.total == up.up.total


def test_a_declared_direction_counts_more_than_a_name(native: dict[str, str]) -> None:
    found = read(Source("x.up", native["mahimahi"].encode()), direction="down")
    assert isinstance(found, BandwidthRecording)
    assert found.up is None
