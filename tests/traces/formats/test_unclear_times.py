"""Times in tables whose unit or kind is easily mistaken: compact stamps, days, hours, uptimes."""

from typing import Any

import pytest

from tests.traces.formats.test_tables import refusal, steps, table
from traces.formats import read
from traces.formats.source import Source
from traces.recording import AvailabilityRecording, TraceError


def changes_s(text: str, **options: Any) -> tuple[float, ...]:
    """When the only device of a table of windows changes."""
    recording = read(Source("t.csv", text.encode()), **options)
    assert isinstance(recording, AvailabilityRecording)
    (device,) = recording.devices.values()
    return device.changes_s


def refused_windows(text: str, **options: Any) -> str:
    with pytest.raises(TraceError) as caught:
        read(Source("t.csv", text.encode()), **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("stamps", "options"),
    [
        (("20240101120000", "20240101120100", "20240101120200"), {}),
        (("20240101120000.250", "20240101120100.250", "20240101120200.250"), {}),
        (("202401011259", "202401011300", "202401011301"), {}),
        (("20240101120000", "20240101120100", "20240101120200"), {"time_unit": "s"}),
    ],
)
def test_a_column_of_compact_stamps_is_read_as_such(
    stamps: tuple[str, ...], options: dict[str, Any]
) -> None:
    rows = "".join(f"{stamp},{rate}\n" for stamp, rate in zip(stamps, (1, 2, 3), strict=True))
    found = table(f"Time (yyyymmdd),mbps\n{rows}", time="0", down="mbps", **options)
    assert steps(found.down) == [(0.0, 1.0), (60.0, 2.0), (120.0, 3.0), (180.0, -1.0)]
    assert found.warnings == ()


def test_compact_stamps_of_iperf2_and_of_rows_that_last_long() -> None:
    rows = "".join(f"2024010112000{n},192.168.1.2,5001,{n}.0-1.0,9000000\n" for n in (0, 1, 2))
    found = table(rows, time=0, down=4, rate_unit="bit/s")
    assert steps(found.down)[-1] == (3.0, -1.0)
    hourly = table("t,mbps\n20240101120000,1\n20240101130000,2\n", down="mbps")
    assert steps(hourly.down)[-1] == (7200.0, -1.0)
    assert hourly.warnings == ()


def test_one_digit_string_that_is_no_date_makes_no_stamps() -> None:
    text = "t,mbps\n20240101125900,1\n20240101126000,2\n"
    message = "t.csv:3: t in ms since 1970 must be of 1990 to 2100, got 20240101126000: if"
    assert message in refusal(text, down="mbps")
    in_ns = table(text, down="mbps", time_unit="ns").down
    assert in_ns is not None
    assert in_ns.period_s == pytest.approx(2e-7)


def test_compact_stamps_of_windows() -> None:
    text = "device,start,end\nphone1,20240101080000,20240101170000\n"
    assert changes_s(text) == (8 * 3600.0, 17 * 3600.0)


@pytest.mark.parametrize(
    ("first", "second", "unit"),
    [
        ("0", "1000000000000", "ms"),  # ns from the start of the log
        ("200000000000", "200001000000", "ms"),  # µs since boot: 1976
        ("133000000000000000", "133000000010000000", "ns"),  # 100 ns since 1601: 1974
    ],
)
def test_large_numbers_that_are_of_no_plausible_year_need_a_unit(
    first: str, second: str, unit: str
) -> None:
    text = f"t,mbps\n{first},1\n{second},2\n"
    message = refusal(text, down="mbps")
    assert f"t in {unit} since 1970 must be of 1990 to 2100, got " in message
    assert message.endswith("if it counts otherwise, say time_unit (s, ms, us or ns)")
    assert table(text, down="mbps", time_unit="ns").down is not None


def test_the_unit_that_a_doubt_names_is_a_finer_one() -> None:
    text = "t,mbps\n1234567890123,1\n1235567890123,2\n"  # ns since boot, or ms of 2009
    told = "rows last 1e+06 s each, read in ms since 1970: if t is in nanoseconds, say time_unit=ns"
    assert table(text, down="mbps").warnings == (told,)
    assert table("t,mbps\n0,1\n1000000,2\n", down="mbps").warnings == (
        "rows last 1e+06 s each: if t is in microseconds, say time_unit=us",
    )
    weekly = "t,mbps\n1700000000000000000,1\n1700604800000000000,2\n"
    assert table(weekly, down="mbps").warnings == ()


def test_days_of_a_spreadsheet_are_asked_about() -> None:
    text = "t,mbps\n45292.5000000,1\n45292.5000116,2\n45292.5000231,3\n"
    message = "t.csv:2: t may count a spreadsheet's days, got 45292.5: say time_unit=d"
    assert message in refusal(text, down="mbps")
    in_days = table(text, down="mbps", time_unit="d").down
    assert in_days is not None
    assert in_days.period_s == pytest.approx(3.0, rel=0.01)
    assert steps(table(text, down="mbps", time_unit="s").down)[-1][0] < 1e-3
    assert steps(table("t,mbps\n45292,1\n45293,2\n", down="mbps").down)[-1] == (2.0, -1.0)


def test_windows_in_days_of_a_spreadsheet_are_asked_about() -> None:
    text = "device,on,off\na,45292.25,45292.75\n"
    assert "t.csv:2: a time may count a spreadsheet's days, got 45292.25" in refused_windows(text)
    assert changes_s(text, time_unit="d") == (21_600.0, 64_800.0)
    assert changes_s("device,on,off\na,28800,61200\n") == (28_800.0, 61_200.0)


@pytest.mark.parametrize(
    ("times", "unit", "what"),
    [
        ("8,17", "h", "no time is above 24: hours of the day? say time_unit=h, or time_unit=s"),
        ("480,1020", "min", "no time is above 1440: minutes of the day? say time_unit=min, or"),
        ("0.25,0.75", "d", "no time is above 1: parts of a day? say time_unit=d, or time_unit=s"),
    ],
)
def test_windows_that_may_be_in_hours_are_asked_about(times: str, unit: str, what: str) -> None:
    text = f"device,on,off\nphone1,{times}\n"
    assert refused_windows(text).startswith(f"t.csv:2: {what}")
    on, off = map(float, times.split(","))
    unit_s = {"h": 3600.0, "min": 60.0, "d": 86_400.0}[unit]
    assert changes_s(text, time_unit=unit) == (on * unit_s, off * unit_s)
    assert changes_s(text, time_unit="s") == (on, off)


def test_windows_that_fit_a_short_period_are_in_seconds() -> None:
    assert changes_s("device,on,off\na,8,17\n", period_s=20) == (8.0, 17.0)


def test_more_names_of_units() -> None:
    assert changes_s("device,start_hr,end_hr\na,8,17\n") == (8 * 3600.0, 17 * 3600.0)
    for column, unit_s in (("t_hrs", 3600.0), ("Time (hr)", 3600.0), ("t_usecs", 1e-6)):
        found = table(f"{column},mbps\n0,1\n1000,2\n", time=column, down="mbps")
        assert steps(found.down)[1] == (1000 * unit_s, 2.0)
    for column in ("Time (ms since boot)", "t [nsecs]"):
        found = table(f"{column},mbps\n0,1\n1000,2\n", time=column, down="mbps")
        assert steps(found.down)[1][0] <= 1.0


@pytest.mark.parametrize("column", ["Time (tick)", "time [fortnights]", "t_weeks", "Time (m)"])
def test_a_unit_of_time_that_is_not_known_is_refused(column: str) -> None:
    text = f"{column},mbps\n0,1\n1,2\n"
    message = refusal(text, time=column, down="mbps")
    assert f"column {column!r} may name a unit of time that is not known: " in message
    assert "say time_unit (s, ms, us, ns, min, h or d)" in message
    assert table(text, time=column, down="mbps", time_unit="s").down is not None
    assert "unit of time that is not known" in refused_windows(
        f"device,on (tick),{column}\na,28800,61200\n", start="on (tick)", end=column, device=0
    )


@pytest.mark.parametrize("column", ["Time (UTC)", "time (local)", "Time [epoch]", "start (x y)"])
def test_other_words_behind_a_time_are_no_units(column: str) -> None:
    assert table(f"{column},mbps\n0,1\n1,2\n", time=column, down="mbps").warnings == ()


def test_stamps_need_no_unit_whatever_stands_behind_their_name() -> None:
    text = "Time (Berlin),mbps\n2024-01-01 10:00:00,1\n2024-01-01 10:00:01,2\n"
    assert steps(table(text, time="Time (Berlin)", down="mbps").down)[-1] == (2.0, -1.0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "a,2024-01-01T08:00:00Z,2024-01-01T17:00:00Z\nb,2024-01-01T08:00:00,x\n",
            "t.csv:3: times must name a time zone in all rows or none: '2024-01-01T08:00:00'",
        ),
        (
            "a,1704096000,2024-01-01 17:00:00\n",
            "t.csv:2: times must be numbers in all rows or stamps in all, "
            "got '2024-01-01 17:00:00'",
        ),
        (
            "a,2024-01-01T08:00:00+01:00,20240101170000\n",
            "t.csv:2: times must name a time zone in all rows or none: '20240101170000'",
        ),
    ],
)
def test_windows_of_two_kinds_of_times_are_refused(rows: str, message: str) -> None:
    assert refused_windows(f"device,start,end\n{rows}") == message


def test_windows_in_two_units_are_refused() -> None:
    message = refused_windows("device,from_min,to_hour\na,480,17\n")
    assert "columns from_min and to_hour name two units of time" in message


def test_one_bad_device_does_not_tell_the_unit_of_all() -> None:
    text = "device,on,off\na,28800,61200\nb,28800,61200\nc,1704096000000,1704099600000\n"
    recording = read(Source("t.csv", text.encode()))
    assert isinstance(recording, AvailabilityRecording)
    assert sorted(recording.devices) == ["a", "b"]
    assert recording.warnings[0].startswith("1 of 3 devices was left out: line 4: device c")
