"""Rates that a link is unlikely to have are read as they stand, with a warning."""

import pytest

from traces.formats import read
from traces.formats.source import Source
from traces.recording import BandwidthRecording


def warnings(text: str, format: str | None = None) -> str:
    recording = read(Source("t.txt", text.encode()), format)
    assert isinstance(recording, BandwidthRecording)
    return "; ".join(recording.warnings)


def test_rates_a_line_are_not_taken_for_mahimahi_in_silence() -> None:
    told = warnings("1000\n1000\n1000\n")
    assert told.startswith("down: a mean of 0.036 Mbit/s is implausible, and nothing is delivered")
    assert "say format=csv header=false down=0 step_s=1 rate_unit=kbit/s" in told
    assert "in the first 0.999 of 1 s" in warnings("1000\n" * 600)  # a plausible mean
    assert warnings("1\n" * 3) == ""
    assert warnings("".join(f"{ms}\n" for ms in range(1, 1001))) == ""


def test_kilobits_are_not_taken_for_megabits_in_silence() -> None:
    told = warnings("0 8000\n1000 7500\n2000 8100\n")
    assert told.startswith(
        "down: a mean of 7.8e+03 Mbit/s is implausible, and so are rows of 1000 s; "
        "in kbit/s it is 7.8 Mbit/s"
    )
    assert "say format=csv header=false time=0 down=1 time_unit=ms rate_unit=..." in told
    whole = warnings("0 800\n1 900\n2 1000\n")
    assert whole.startswith("down: a mean of 950 Mbit/s in whole numbers is doubtful; in kbit/s")
    assert warnings("0 800.5\n1 900.25\n2 1000.75\n") == ""
    assert "for a SimGrid profile format=simgrid" in warnings("0 1250000\n10 625000\n")
    assert "rows of 1000 s are implausible" in warnings("0 5\n1000 4\n2000 6\n")
    assert warnings("0 5\n1 4\n2 6\n") == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '{"timestamps": [0, 1], "bandwidths": [9000, 9000]}',
            "down: a mean of 9e+03 Mbit/s is implausible; in kbit/s it is 9 Mbit/s",
        ),
        (
            '[{"duration_ms": 1000, "bandwidth_kbps": 5, "latency_ms": 0}]',
            "down: a mean of 0.005 Mbit/s is implausible; in Mbit/s it is 5 Mbit/s",
        ),
        (
            "t,dl_kbps\n0,5\n1,5\n",
            "down: a mean of 0.005 Mbit/s is implausible: is rate_unit right?",
        ),
        ("t,ul_mbps\n0,0\n1,0\n", "up: the rate is 0 all the time: no transfer can ever end"),
        ("t,ul_mbps\n0,9\n1,0\n", ""),
    ],
)
def test_a_mean_that_no_link_has_is_told(text: str, told: str) -> None:
    assert warnings(text).startswith(told)
    assert bool(told) == bool(warnings(text))
