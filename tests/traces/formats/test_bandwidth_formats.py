"""Each bandwidth format by hand: units, edges, direction, and what it refuses."""

from typing import Any

import numpy as np
import pytest

from traces.formats import read
from traces.formats.source import Source
from traces.recording import BandwidthRecording, NotATraceError, TraceError
from traces.step import StepTrace


def bandwidth(text: str, path: str = "t.log", **options: Any) -> BandwidthRecording:
    recording = read(Source(path, text.encode()), **options)
    assert isinstance(recording, BandwidthRecording)
    return recording


def steps(trace: StepTrace | None) -> list[tuple[float, float]]:
    """(start_s, bytes in the interval), then the end of the period."""
    assert trace is not None
    starts = list(zip(trace.times_s.tolist(), trace.amounts.tolist(), strict=True))
    return [*starts, (trace.period_s, -1.0)]


def test_a_mahimahi_line_delivers_1500_bytes_in_the_millisecond_before_it(
    native: dict[str, str],
) -> None:
    trace = bandwidth(native["mahimahi"]).down
    assert steps(trace) == [
        (0.0, 3000.0),
        (0.001, 0.0),
        (0.002, 1500.0),
        (0.003, 0.0),
        (0.009, 3000.0),  # the line 10, and the line 0 of the next turn
        (0.01, -1.0),
    ]


def test_a_mahimahi_name_tells_the_direction(native: dict[str, str]) -> None:
    up = bandwidth(native["mahimahi"], "x.up")
    assert (up.down, steps(up.up)[0]) == (None, (0.0, 3000.0))
    assert bandwidth(native["mahimahi"], "x.down").up is None


def test_mahimahi_with_one_line_is_a_constant_rate() -> None:
    trace = bandwidth("1\n").down
    assert trace is not None
    assert trace.time_to_accumulate(0.3, 1.5e6) == 1.0


def test_a_pensieve_row_is_the_rate_up_to_its_time(native: dict[str, str]) -> None:
    expected = [(0.0, 500_000.0), (1.0, 0.0), (3.5, 1_000_000.0), (4.5, -1.0)]
    assert steps(bandwidth(native["pensieve"]).down) == expected


def test_pensieves_payload_factor_and_round_trip_are_options(native: dict[str, str]) -> None:
    plain = bandwidth(native["pensieve"])
    cooked = bandwidth(native["pensieve"], payload_factor=0.95, rtt_s=0.08)
    assert plain.latency_s is None
    assert cooked.latency_s is not None
    assert cooked.latency_s.value_at(3.0) == 0.08
    assert cooked.down is not None
    assert cooked.down.total == pytest.approx(0.95 * 1_500_000.0)


def test_sabre_periods_follow_each_other(native: dict[str, str]) -> None:
    recording = bandwidth(native["sabre"])
    assert steps(recording.down) == [(0.0, 1_000_000.0), (2.0, 0.0), (3.0, -1.0)]
    assert recording.latency_s is not None
    assert [recording.latency_s.value_at(t) for t in (0.0, 2.5)] == [0.02, 0.05]


def test_a_six_column_log_keeps_bytes_and_outages(native: dict[str, str]) -> None:
    recording = bandwidth(native["hsdpa"])
    assert recording.format == "hsdpa"
    expected = [(0.0, 288_648.0), (1.008, 0.0), (185.008, 365_824.0), (186.009, -1.0)]
    assert steps(recording.down) == expected


@pytest.mark.parametrize("format", [None, "hsdpa"])
def test_any_six_numbers_a_row_are_no_such_log(format: str | None) -> None:
    rows = [f"{1_700_000_000 + i} {5000 + 10 * i} {800 + i} 45 90 12" for i in range(9)]
    with pytest.raises(NotATraceError) as caught:
        read(Source("t.log", "\n".join(rows).encode()), format)
    assert str(caught.value) == (
        "t.log:2: six numbers a row but no log of HSDPA or Ghent, where column 6 is the step of "
        "column 2 (in 0 of 8 rows here): declare format csv and its columns"
    )
    options: dict[str, Any] = {"time": 0, "down": 2, "rate_unit": "kbit/s"}
    assert read(Source("t.log", "\n".join(rows).encode()), **options).format == "csv"


def test_ghent_is_told_from_hsdpa_by_its_milliseconds(native: dict[str, str]) -> None:
    recording = bandwidth(native["ghent"])
    assert recording.format == "ghent"
    assert steps(recording.down) == [(0.0, 3_263_799.0), (0.725, 4_226_240.0), (1.725, -1.0)]


def test_bytes_of_a_row_without_an_interval_join_the_row_before() -> None:
    trace = bandwidth("1 1 0 0 100 500\n2 2 0 0 50 0\n3 3 0 0 7 500\n").down
    assert steps(trace) == [(0.0, 150.0), (0.5, 7.0), (1.0, -1.0)]


def test_gnettrack_merges_stamps_and_keeps_the_mean_over_rows(native: dict[str, str]) -> None:
    recording = bandwidth(native["gnettrack"])
    # four rows over 3 s: a tick of 1 s; two rows share the first stamp, one has no downlink
    assert steps(recording.down) == [(0.0, 3_000_000.0), (2.0, 500_000.0), (3.0, -1.0)]
    assert steps(recording.up) == [(0.0, 20_000.0), (2.0, 20_000.0), (3.0, -1.0)]
    assert "1 of 4 rows have no DL_bitrate" in recording.warnings[0]


def test_gnettrack_warns_of_a_session_that_does_not_saturate_the_link() -> None:
    rows = "".join(f"2020.01.16_12.10.{s:02d},10,9\n" for s in range(10))
    recording = bandwidth("Timestamp,DL_bitrate,UL_bitrate\n" + rows)
    assert "not saturate" in recording.warnings[0]


def test_a_break_in_a_gnettrack_log_is_a_gap() -> None:
    rows = "2020.01.16_12.10.00,8,8\n2020.01.16_12.10.01,8,8\n2020.01.16_12.20.00,8,8\n"
    recording = bandwidth("Timestamp,DL_bitrate,UL_bitrate\n" + rows)
    assert recording.gaps_s == (599.0,)
    assert recording.down is not None
    assert recording.down.period_s == 3.0


def gnettrack(stamps: str, kbit_per_s: tuple[int, ...]) -> str:
    rows = zip(stamps, kbit_per_s, strict=True)
    lines = [f"2024.01.01_10.00.0{stamp},5G,{rate},500\n" for stamp, rate in rows]
    return "Timestamp,NetworkMode,DL_bitrate,UL_bitrate\n" + "".join(lines)


def test_a_gnettrack_clock_that_steps_back_a_second_is_spread_evenly() -> None:
    recording = bandwidth(gnettrack("01012", (8000, 6000, 7000, 5000, 4000)))
    assert recording.down is not None
    assert recording.down.mean == 750_000.0  # 6 Mbit/s, the mean over the rows
    told = "the clock went back by up to a second once: the rows there were spread evenly"
    assert recording.warnings[-1] == told


def test_a_gnettrack_clock_that_steps_back_further_or_often_is_refused() -> None:
    for stamps in ("0131", "010101"):
        with pytest.raises(TraceError, match="Timestamp must not go back, here by"):
            bandwidth(gnettrack(stamps, (8000,) * len(stamps)))


def test_a_quoted_header_is_a_header(native: dict[str, str]) -> None:
    head, rows = native["gnettrack"].split("\n", 1)
    quoted = ",".join(f'"{name}"' for name in head.split(",")) + "\n" + rows
    assert steps(bandwidth(quoted).down) == steps(bandwidth(native["gnettrack"]).down)
    semicolons = native["gnettrack"].replace(",", ";")
    assert steps(bandwidth(semicolons).down) == steps(bandwidth(native["gnettrack"]).down)


def test_nyu_mets_has_a_unit_in_every_row(native: dict[str, str]) -> None:
    expected = [(0.0, 71_250.0), (1.0, 100_000.0), (2.0, 50.0), (3.0, -1.0)]
    np.testing.assert_allclose(steps(bandwidth(native["nyu-mets"]).down), expected)


def test_starlink_has_both_directions_and_cuts_gaps_out(native: dict[str, str]) -> None:
    recording = bandwidth(native["starlink"])
    assert steps(recording.down) == [(0.0, 10_000_000.0), (1.0, 30_000_000.0), (2.5, -1.0)]
    assert steps(recording.up) == [(0.0, 1_000_000.0), (1.0, 2_000_000.0), (2.0, -1.0)]
    assert recording.gaps_s == (40.0,)
    assert recording.warnings == (
        "1 gaps, 40.0 s in all, the longest 40.0 s, were not measured and are cut out",
    )


def test_the_own_csv_is_recognised(native: dict[str, str]) -> None:
    expected = [(0.0, 2000.0), (2.0, 0.0), (2.5, -1.0)]
    assert steps(bandwidth(native["csv"]).down) == expected


def test_a_csv_with_declared_columns_and_units() -> None:
    text = "t,down,up\n1000,8,0.8\n3000,16,1.6\n"
    recording = bandwidth(
        text, format="csv", time="t", down="down", up="up", time_unit="ms", rate_unit="Mbit/s"
    )
    assert steps(recording.down) == [(0.0, 2_000_000.0), (2.0, 4_000_000.0), (4.0, -1.0)]
    np.testing.assert_allclose(steps(recording.up), [(0.0, 2e5), (2.0, 4e5), (4.0, -1.0)])


@pytest.mark.parametrize("format", ["mahimahi", "hsdpa", "nyu-mets", "gnettrack", "pensieve"])
def test_crlf_a_byte_order_mark_and_a_blank_end_change_nothing(
    format: str, native: dict[str, str]
) -> None:
    text = "\ufeff" + native[format].replace("\n", "\r\n") + "\r\n"
    expected, found = bandwidth(native[format]).down, bandwidth(text).down
    assert expected is not None
    assert found is not None
    assert np.array_equal(found.amounts, expected.amounts)


@pytest.mark.parametrize(
    ("format", "text", "message"),
    [
        ("mahimahi", "1\n5\n3\n", "t.log:3: timestamps must not decrease"),
        ("mahimahi", "1\n\n5\n3\n", "t.log:4: timestamps must not decrease"),
        ("mahimahi", "1\n2 3\n", "t.log:2: a line must be one integer, in ms, got '2 3'"),
        ("mahimahi", "1\n-2\n", "t.log:2: a line must be one integer, in ms, got '-2'"),
        ("mahimahi", "1\n1e3\n", "t.log:2: a line must be one integer"),
        (
            "mahimahi",
            "1\n99999999999999999999999\n",
            "t.log:2: a timestamp must be at most 1000000000000",
        ),
        ("mahimahi", "0\n0\n", "t.log:1: the last timestamp is the period and must be above 0"),
        ("mahimahi", " \n", "t.log:1: the file is empty"),
        ("pensieve", "0 1\n0 2\n", "t.log:2: time_s must increase, got 0 after 0"),
        ("pensieve", "0 1\n1 nan\n", "t.log:2: Mbit/s must be in 0..1e+09, got nan"),
        ("pensieve", "0 1\n1 -2\n", "t.log:2: Mbit/s must be in"),
        ("pensieve", "0 1\n1 2 3\n", "t.log:2: a row is `time_s Mbit/s`, got 3 fields"),
        ("pensieve", "0 1\n", "t.log:1: needs at least two rows"),
        ("sabre", "[]", "t.log:1: must be a JSON list of at least one period"),
        ("sabre", "[{\n'x': 1}]", "t.log:2: is not JSON"),
        ("sabre", '[{"duration_ms": 1}]', "t.log:1: [0] needs bandwidth_kbps"),
        ("sabre", '[{"duration_ms": 1, "bandwidth_kbps": NaN}]', "is not usable JSON: NaN"),
        ("sabre", '[{"duration_ms": 0, "bandwidth_kbps": 1}]', "a duration above 0"),
        ("sabre", '[{"duration_ms": true, "bandwidth_kbps": 1}]', "must be a number, got a bool"),
        ("sabre", "[7]", "[0] must be an object"),
        ("hsdpa", "1 2 3 4 5\n", "t.log:1: six fields expected, got 5"),
        ("hsdpa", "1 2 0 0 5 x\n", "t.log:1: milliseconds (column 6) must be a number, got 'x'"),
        ("hsdpa", "1 2 0 0 5 0\n", "the first row has bytes but no interval"),
        ("hsdpa", "1 2 0 0 0 0\n", "at least one row with an interval"),
        ("gnettrack", "Timestamp,DL_bitrate,UL_bitrate\n2020,1,1\n", "t.log:2: Timestamp must be"),
        ("gnettrack", "Timestamp,DL_bitrate,UL_bitrate\n", "needs a header and at least one row"),
        (
            "gnettrack",
            "Timestamp,DL_bitrate,UL_bitrate\n2020.01.16_12.10.03,1,1\n2020.01.16_12.10.02,1,1\n",
            "t.log:3: Timestamp must not go back",
        ),
        ("nyu-mets", "1,Mbits/sec\n2,MB\n", "t.log:2: unit must be one of bits/sec"),
        ("nyu-mets", "1\n", "t.log:1: a row is `value,unit`, got 1 fields"),
        ("csv", "start_s,end_s,bytes_per_s\n0,1\n", "t.log:2: 3 fields expected, got 2"),
        ("csv", "start_s,end_s,bytes_per_s\n0,1,2\n2,3,4\n", "t.log:3: start_s must be the end_s"),
        ("csv", "start_s,end_s,bytes_per_s\n0,0,2\n", "t.log:2: start_s must increase"),
        ("csv", "a,b\n1,2\n", "name the rate column with `down` or `up`; the header has a, b"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_rule(format: str, text: str, message: str) -> None:
    with pytest.raises(TraceError) as caught:
        bandwidth(text, format=format)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_csv_needs_known_units_columns_and_options() -> None:
    text = "t,v\n0,1\n1,2\n"
    for options, message in (
        ({"down": "v", "rate_unit": "furlong"}, "option rate_unit must be one of bit/s"),
        ({"down": "v", "rate_unit": "bps", "time": "start_s"}, "needs a column 'start_s'"),
        ({"down": "w", "rate_unit": "bps"}, "needs a column 'w', has t, v"),
        ({"down": "v", "tme": "t"}, "format csv has no such option: 'tme'; did you mean time?"),
    ):
        with pytest.raises(TraceError, match=message):
            bandwidth(text, format="csv", **options)
    with pytest.raises(TraceError, match="one row without an end column"):
        bandwidth("t,v\n0,1\n", format="csv", time="t", down="v", rate_unit="bit/s")
