"""Units of rates and times, by their usual names."""

import pytest

from traces.formats.units import rate_unit, rate_unit_in, time_unit, time_unit_in


@pytest.mark.parametrize(
    ("names", "bytes_per_s"),
    [
        (("bps", "bit/s", "bits/s", "b/s", "bits/sec", "bits_per_second"), 1 / 8),
        (("kbps", "Kbps", "kbit/s", "Kbit/s", "kb/s", "Kbits/sec", "kilobits per second"), 125.0),
        (("mbps", "Mbps", "Mb/s", "Mbit/s", "MBit/s", "mbit", "Mbits/sec", "megabit/s"), 125e3),
        (("gbps", "Gbps", "Gbit/s"), 125e6),
        (("byte/s", "bytes/s", "B/s", "Bps", "bytes_per_s", "Bytes/sec"), 1.0),
        (("kB/s", "KB/s", "kBps", "KBps", "kbyte/s"), 1e3),
        (("MB/s", "MBps", "MB", "Mbyte/s", "megabytes/s"), 1e6),
        (("KiB/s", "KiBps", "kibibytes/s"), 2.0**10),
        (("MiB/s", "MiBps", "mebibyte/s"), 2.0**20),
        (("Mib/s", "Mibit/s"), 2.0**17),
    ],
)
def test_usual_names_of_rates(names: tuple[str, ...], bytes_per_s: float) -> None:
    assert {name: rate_unit(name) for name in names} == dict.fromkeys(names, bytes_per_s)


@pytest.mark.parametrize("name", ["BPS", "KBPS", "MBPS", "mb/s", "gb/s", "mib/s", "mibps"])
def test_a_name_that_may_mean_bits_or_bytes_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="write the one that is meant"):
        rate_unit(name)


def test_an_unknown_unit_is_refused_with_the_known_ones() -> None:
    for name in ("", "3", "furlong", "xbit/s", "packets/s"):
        with pytest.raises(ValueError, match="must be one of bit/s, kbit/s"):
            rate_unit(name)
    with pytest.raises(ValueError, match="must be one of s, ms, us, ns"):
        time_unit("fortnight")


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        *(("mbps", "mbps"), ("DL (kbps)", "kbps"), ("throughputMbps", "Mbps"), ("DLMbps", "Mbps")),
        *(("UL [Mbit/s]", "Mbit/s"), ("bytes_per_s", "bytes_per_s"), ("kbps_up", "kbps")),
        *(("DL_bitrate", None), ("bandwidth", None), ("lobps", None), ("mbpsx", None), ("", None)),
    ],
)
def test_a_columns_name_may_hold_its_unit(name: str, unit: str | None) -> None:
    found = rate_unit_in(name)
    assert (found and found[0]) == unit


def test_a_columns_name_may_hold_its_unit_of_time() -> None:
    names = {
        "t_ms": 1e-3,
        "Timestamp (us)": 1e-6,
        "time [s]": 1.0,
        "timeMs": 1e-3,
        "on (h)": 3600.0,
    }
    assert {name: time_unit_in(name) for name in names} == names
    assert [time_unit_in(name) for name in ("t", "time", "timestamp", "s", "0")] == [None] * 5
