"""Times in plain tables: stamps, units, durations, gaps, and runs with a clock of their own."""

from typing import Any

import pytest

from tests.traces.formats.test_tables import MBIT, refusal, steps, table
from traces.formats import read_all
from traces.formats.source import Source
from traces.recording import BandwidthRecording


@pytest.mark.parametrize(
    "stamps",
    [
        ("2024-03-31T01:00:00Z", "2024-03-31T01:00:01Z"),
        ("2024-03-31 01:00:00.250000", "2024-03-31 01:00:01.250000"),
        ("2024-03-31T01:00:00.123456789+02:00", "2024-03-31T01:00:01.123456789+02:00"),
        ("2024-10-27T02:59:59+02:00", "2024-10-27T02:00:00+01:00"),  # the clocks go back
        ("20240331T010000Z", "20240331T010001Z"),
        ("1764130000", "1764130001"),
        ("1764130000.5", "1764130001.5"),
        ("1764130000000", "1764130001000"),
        ("1764130000000000", "1764130001000000"),
        ("1764130000000000001", "1764130001000000001"),
    ],
)
def test_iso_and_epoch_stamps(stamps: tuple[str, str]) -> None:
    found = table(f"time,mbps\n{stamps[0]},1\n{stamps[1]},2\n", time="time", down="mbps")
    assert steps(found.down) == [(0.0, 1.0), (1.0, 2.0), (2.0, -1.0)]


def test_stamps_resolve_microseconds() -> None:
    text = "time,mbps\n2024-05-27T10:54:55.820867,16\n2024-05-27T10:54:56.319707,61\n"
    assert [t for t, _ in steps(table(text, down="mbps").down)] == [0.0, 0.49884, 0.99768]


def test_bad_stamps_are_refused_with_their_line() -> None:
    for bad, message in (
        ("yesterday", "t.csv:3: time must be an ISO-8601 time stamp like those before it"),
        ("2024-13-31T01:00:01Z", "t.csv:3: time is no date"),
        ("2024-03-31T25:00:01Z", "t.csv:3: time is no time of day"),
        ("2024-03-31T01:00:01", "t.csv:3: time must name a time zone in all rows or none"),
        ("2024-03-31T00:00:00Z", "t.csv:3: time must not go back, here by 3600 s"),
    ):
        text = f"time,mbps\n2024-03-31T01:00:00Z,1\n{bad},2\n"
        assert message in refusal(text, down="mbps")
    assert "must be a number or an ISO-8601" in refusal("t,mbps\n0,1\n10:00,2\n", down="mbps")


def test_units_of_time_by_option_and_by_name() -> None:
    for column, options in (("t_ms", {}), ("t", {"time_unit": "ms"}), ("time [msec]", {})):
        found = table(f"{column},mbps\n0,1\n500,2\n", time=column, down="mbps", **options)
        assert steps(found.down) == [(0.0, 1.0), (0.5, 2.0), (1.0, -1.0)]
    message = refusal("t,mbps\n0,1\n1,2\n", down="mbps", time_unit="3")
    assert "option time_unit must be one of s, ms, us, ns, min, h, d, got '3'" in message


def test_long_rows_without_a_unit_are_doubted() -> None:
    found = table("t,mbps\n0,1\n1000,2\n", down="mbps")
    assert found.warnings == ("rows last 1000 s each: if t is in milliseconds, say time_unit=ms",)
    assert table("t_s,mbps\n0,1\n1000,2\n", down="mbps").warnings == ()


def test_a_row_without_a_time_is_left_out_and_told() -> None:
    found = table("t,mbps\n0,1\n,5\n1,2\n", down="mbps")
    assert steps(found.down) == [(0.0, 1.0), (1.0, 2.0), (2.0, -1.0)]
    assert found.warnings == ("1 of 3 rows without t was left out",)


def test_a_gap_is_cut_out_and_told() -> None:
    text = "t,mbps\n0,1\n1,2\n2,3\n3602,4\n3603,5\n"
    found = table(text, down="mbps")
    assert steps(found.down) == [*((float(t), t + 1.0) for t in range(5)), (5.0, -1.0)]
    assert found.gaps_s == (3599.0,)
    told = "1 gap of more than 5 s (max_gap_s), 3599 s, was not measured and was cut out"
    assert found.warnings == (told,)
    held = table(text, down="mbps", max_gap_s="4000")
    assert (held.gaps_s, held.warnings, held.down and held.down.period_s) == ((), (), 3604.0)
    assert table("t,mbps\n0,1\n1,2\n6,3\n", down="mbps").gaps_s == ()
    assert table("t,mbps\n0,1\n1,2\n6,3\n", down="mbps", max_gap_s=2).gaps_s == (4.0,)
    assert "max_gap_s must be at least the usual step" in refusal(text, down="mbps", max_gap_s=0.5)


def test_durations_of_rows_instead_of_times() -> None:
    text = "timeframe,rul,rdl\n2000,-1,14000\n1000,-1,2000\n"
    options = {"duration": "timeframe", "time_unit": "ms", "rate_unit": "kbit/s"}
    found = table(text, down="rdl", up="rul", **options)
    assert steps(found.down) == [(0.0, 14.0), (2.0, 2.0), (3.0, -1.0)]
    assert found.up is None
    bad = "timeframe,rdl\n2000,1\n0,1\n"
    assert "t.csv:3: timeframe must be above 0, got 0" in refusal(bad, down="rdl", **options)


def test_a_fixed_step_instead_of_times() -> None:
    found = table("mbps\n1\n2\n", down="mbps", step_s="0.5")
    assert steps(found.down) == [(0.0, 1.0), (0.5, 2.0), (1.0, -1.0)]
    bare = table("1000\n3000\n2000\n", down="0", step_s="1", rate_unit="kbps", header="false")
    assert steps(bare.down) == [(0.0, 1.0), (1.0, 3.0), (2.0, 2.0), (3.0, -1.0)]
    assert "give one of the options time, duration and step_s" in refusal(
        "t,mbps\n0,1\n1,2\n", time="t", down="mbps", step_s=1
    )
    assert "name the column of times with `time`" in refusal("a,mbps\n0,1\n1,2\n", down="mbps")


def test_a_column_that_tells_runs_apart_gives_a_trace_a_run() -> None:
    text = "run_num,status,Throughput\n1,ok,800\n2,ok,100\n1,ok,900\n2,ok,200\n"
    options: dict[str, Any] = {
        "run": "run_num",
        "step_s": 1,
        "down": "Throughput",
        "rate_unit": "Mbit/s",
    }
    found = read_all(Source("t.csv", text.encode()), **options)
    assert list(found) == ["1", "2"]
    both = [of.down for of in found.values() if isinstance(of, BandwidthRecording)]
    assert [steps(trace)[0][1] for trace in both] == [800.0, 100.0]
    assert [steps(trace)[-1][0] for trace in both] == [2.0, 2.0]
    assert steps(table(text, only="2", **options).down)[0][1] == 100.0
    assert "holds 2 runs (1, 2): choose one with the option only" in refusal(text, **options)
    assert "no run '3' in run_num; has 1, 2" in refusal(text, only=3, **options)


def test_each_run_has_a_clock_of_its_own() -> None:
    text = "run,t,mbps\na,10,1\na,12,2\nb,10,3\nb,11,4\n"
    found = read_all(Source("t.csv", text.encode()), run="run", down="mbps")
    ends = [
        of.down.period_s for of in found.values() if isinstance(of, BandwidthRecording) and of.down
    ]
    assert ends == [4.0, 2.0]


def test_ends_of_rows_may_leave_gaps_and_may_not_overlap() -> None:
    text = "start,end,mbps\n0,1,8\n1,2,4\n10,11,2\n"
    found = table(text, down="mbps")
    assert steps(found.down) == [(0.0, 8.0), (1.0, 4.0), (2.0, 2.0), (3.0, -1.0)]
    assert found.gaps_s == (8.0,)
    message = refusal("start,end,mbps\n0,5,8\n1,2,4\n", down="mbps")
    assert message == "t.csv:3: start must be the end of the row before"


def test_rows_of_one_time_share_its_interval() -> None:
    found = table("t,mbps\n0,1.5\n1,2\n1,4\n2,1\n", down="mbps")
    assert steps(found.down) == [(0.0, 1.5), (1.0, 2.0), (1.5, 4.0), (2.0, 1.0), (3.0, -1.0)]
    assert found.warnings == ("1 row repeats the time of the row before: they share its interval",)
    interleaved = "t,mbps\n" + "".join(f"{t},1\n{t},2\n" for t in range(9))
    message = refusal(interleaved, down="mbps")
    assert "9 of 18 rows repeat the time of the row before: several recordings" in message


def test_a_small_clock_step_is_spread_and_a_large_one_refused() -> None:
    rows = "".join(f"{t},2\n" for t in (0, 1, 2, 3, 2, 3, 4, 5))
    found = table("t,mbps\n" + rows, down="mbps")
    assert found.down is not None
    assert (found.down.period_s, found.down.mean) == (7.0, 2 * MBIT)
    assert "the clock went back by up to a second once" in found.warnings[0]
    message = refusal("t,mbps\n0,1\n1,1\n2,1\n0,1\n", down="mbps")
    assert "t.csv:5: t must not go back, here by 2 s: several recordings in one file" in message
