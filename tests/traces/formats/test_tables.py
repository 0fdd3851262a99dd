"""CSV files as people have them: units, delimiters, columns and missing values."""

import re
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.formats import read, read_all
from traces.formats.source import Source
from traces.recording import BandwidthRecording, TraceError
from traces.step import StepTrace

MBIT = 1e6 / 8


def table(text: str, **options: Any) -> BandwidthRecording:
    recording = read(Source("t.csv", text.encode()), **options)
    assert isinstance(recording, BandwidthRecording)
    return recording


def refusal(text: str, **options: Any) -> str:
    with pytest.raises(TraceError) as caught:
        table(text, **options)
    return str(caught.value)


def steps(trace: StepTrace | None) -> list[tuple[float, float]]:
    """(start_s, Mbit/s) of each interval, then the end of the period."""
    assert trace is not None
    rates = np.round(trace.values / MBIT, 9).tolist()
    return [*zip(trace.times_s.tolist(), rates, strict=True), (trace.period_s, -1.0)]


def test_a_rate_without_a_unit_is_refused_and_a_named_one_is_read() -> None:
    message = refusal("t,dl\n0,8\n1,9\n", time="t", down="dl")
    assert message.startswith("t.csv:1: the unit of column 'dl' is not known: say rate_unit (bit/s")
    told = table("t,dl\n0,8\n1,9\n", time="t", down="dl", rate_unit="kbps")
    assert steps(told.down) == [(0.0, 0.008), (1.0, 0.009), (2.0, -1.0)]


@pytest.mark.parametrize(
    ("column", "mbit_per_s"),
    [
        *(("mbps", 2.0), ("DL (kbps)", 2e-3), ("throughput_mbps", 2.0), ("Mbit/s", 2.0)),
        *(("MiBps", 2 * 2**20 * 8e-6), ("MB/s", 16.0), ("KB/s", 16e-3), ("bytes_per_s", 16e-6)),
        *(("bps", 2e-6), ("Gbps", 2000.0), ("dl KiB/s", 2 * 1024 * 8e-6)),
    ],
)
def test_the_unit_is_read_in_the_columns_name(column: str, mbit_per_s: float) -> None:
    found = table(f"t,{column}\n0,2\n1,2\n", down=column)
    assert steps(found.down)[0][1] == pytest.approx(mbit_per_s)


def test_an_ambiguous_unit_is_refused() -> None:
    for column in ("MBPS", "dl mb/s"):
        assert "write the one that is meant" in refusal(f"t,{column}\n0,2\n1,2\n", down=column)
    assert steps(table("t,MBPS\n0,2\n1,2\n", down="MBPS", rate_unit="MB/s").down)[0][1] == 16.0


def test_a_declared_unit_that_contradicts_the_name_is_told() -> None:
    found = table("t,mbps\n0,2000\n1,2000\n", down="mbps", rate_unit="kbps")
    assert steps(found.down)[0][1] == 2.0
    assert found.warnings == ("column 'mbps' was read in kbps, as rate_unit says",)


def test_a_header_that_tells_everything_needs_no_options() -> None:
    text = "Timestamp (ms);DL (kbps);UL (kbps)\n1764130000000;1500;300\n1764130001000;2500;100\n"
    found = table(text)
    assert steps(found.down) == [(0.0, 1.5), (1.0, 2.5), (2.0, -1.0)]
    assert steps(found.up) == [(0.0, 0.3), (1.0, 0.1), (2.0, -1.0)]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("t;mbps\n0;1,5\n1;2,5\n", {"delimiter": ";", "decimal": ","}),
        ("t;mbps\n0;1,5\n1;2,5\n", {}),
        ("t\tmbps\n0\t1.5\n1\t2.5\n", {"delimiter": "tab"}),
        ("t|mbps\n0|1.5\n1|2.5\n", {}),
        ("t  mbps\n0  1.5\n1  2.5\n", {"delimiter": "space"}),
        ('"t","mbps"\n"0","1,5"\n"1","2,5"\n', {}),
        ("sep=;\nt;mbps;\n0;1.5;\n1;2.5;\n\n", {}),
        ("# recorded by me\n\nt,mbps\n0,1.5\n\n1,2.5\n,\n", {}),
        ("\ufefft;mbps\r\n0;1,5\r\n1;2,5\r\n", {}),
    ],
)
def test_delimiters_decimal_signs_and_decoration(text: str, options: dict[str, str]) -> None:
    found = table(text, time="t", down="mbps", **options)
    assert steps(found.down) == [(0.0, 1.5), (1.0, 2.5), (2.0, -1.0)]


def test_commas_that_may_part_thousands_are_refused() -> None:
    text = "t;kbps\n0;1,500\n1;2,500\n"
    assert "t.csv:2: '1,500' may have a decimal comma or commas" in refusal(text, down="kbps")
    assert steps(table(text, down="kbps", decimal=",").down)[0][1] == 0.0015
    assert "must be a number, got '1.500,5'" in refusal("t;kbps\n0;1.500,5\n1;2\n", down="kbps")


def test_columns_by_number_with_and_without_a_header() -> None:
    expected = [(0.0, 1.5), (1.0, 2.5), (2.0, -1.0)]
    for numbers in (("0", "1"), (0, 1), (0.0, 1.0)):
        options = {"time": numbers[0], "down": numbers[1], "rate_unit": "mbps"}
        assert steps(table("0,1\n0,1.5\n1,2.5\n", **options).down) == expected  # as pandas writes
        assert steps(table("0,1.5\n1,2.5\n", **options).down) == expected
        assert steps(table("t,v\n0,1.5\n1,2.5\n", **options).down) == expected
    message = refusal("0,1.5\n1,2.5\n", down="rate", step_s=1)
    assert "needs a column 'rate', has no header and the columns 0 to 1" in message


def test_a_first_row_that_may_be_a_header_is_asked_about() -> None:
    text = "0,1\n1,2\n2,3\n"
    options = {"time": "0", "down": "1", "rate_unit": "mbps"}
    assert "say header=true or header=false" in refusal(text, **options)
    assert steps(table(text, header="false", **options).down)[0] == (0.0, 1.0)
    assert steps(table(text, header="true", **options).down)[0] == (0.0, 2.0)


def test_text_beside_numbers_in_the_first_row_is_data_not_a_header() -> None:
    text = "0,CONNECTED,1.5\n1,CONNECTED,2.5\n"
    found = table(text, time="0", down="2", rate_unit="mbps")
    assert steps(found.down) == [(0.0, 1.5), (1.0, 2.5), (2.0, -1.0)]


@pytest.mark.parametrize("cell", ["", "NaN", "null", "N/A", "-", "-1", "-1.0"])
def test_a_missing_rate_is_left_out_and_told(cell: str) -> None:
    found = table(f"t,mbps\n0,1.5\n1,{cell}\n2,2.5\n", down="mbps")
    assert steps(found.down) == [(0.0, 1.5), (1.0, 2.5), (2.0, -1.0)]
    assert found.warnings == ("1 of 3 rows without mbps was left out",)


def test_missing_values_are_left_out_of_their_own_direction() -> None:
    text = "t,dl_mbps,ul_mbps\n0,1,9\n1,,8\n2,3,\n"
    found = table(text)
    assert steps(found.down) == [(0.0, 1.0), (1.0, 3.0), (2.0, -1.0)]
    assert steps(found.up) == [(0.0, 9.0), (1.0, 8.0), (2.0, -1.0)]
    only_down = table("t,dl_mbps,ul_mbps\n0,1,-1\n1,2,-1\n")
    assert only_down.up is None
    assert only_down.warnings == (
        "2 of 2 rows without ul_mbps were left out: nothing is left of this direction",
    )
    assert "no row has a rate" in refusal("t,mbps\n0,\n1,\n", down="mbps")


def test_other_negative_rates_are_refused_unless_declared_missing() -> None:
    text = "t,mbps\n0,1.5\n1,-999\n2,2.5\n"
    assert "t.csv:3: mbps must be at least 0, got -999" in refusal(text, down="mbps")
    assert "say missing=-999" in refusal(text, down="mbps")
    assert steps(table(text, down="mbps", missing="-999").down)[-1] == (2.0, -1.0)
    assert "t.csv:3: mbps must be a number, got 'x'" in refusal("t,mbps\n0,1\n1,x\n", down="mbps")


def test_options_that_name_columns_mean_a_table() -> None:
    text = "0 8000\n1000 7500\n2000 8100\n"
    options = {"time": 0, "down": 1, "time_unit": "ms", "rate_unit": "kbps"}
    assert steps(table(text, **options).down)[:2] == [(0.0, 8.0), (1.0, 7.5)]


def test_what_is_no_table_with_the_columns_is_refused_in_words() -> None:
    assert "needs a column 'mbps'" in refusal("a,b\n1,2\n", down="mbps", step_s=1)
    for delimiter in (";;", "x", "\n"):
        message = refusal("t,mbps\n0,1\n", down="mbps", delimiter=delimiter)
        assert "option delimiter must be one sign, tab or space" in message
    assert "option decimal must be one of ., ,, got 'comma'" in refusal(
        "t,mbps\n0,1\n", down="mbps", decimal="comma"
    )
    assert "3 fields expected, got 2" in refusal("t,mbps,x\n0,1\n", down="mbps")


def test_a_stray_quotation_mark_swallows_no_rows() -> None:
    rows = "t,mbps,note\n0,1,a\n1,2,{}\n2,3,c\n3,4,{}\n4,5,e\n"
    options = {"time": "t", "down": "mbps"}
    for notes in (('"b', "d"), ('"b', 'd"'), ('"b', '"d'), ("b", '"d')):
        message = refusal(rows.format(*notes), **options)
        assert re.match(r"t\.csv:[35]: is not CSV: ", message), message
    found = table(rows.format('"b, ""x"""', 'd"'), **options)
    assert steps(found.down)[-1] == (5.0, -1.0)
    assert steps(table('"t", "mbps"\n"0", "1"\n1, 2\n', down="mbps").down)[0] == (0.0, 1.0)


def test_a_column_that_is_there_twice_needs_its_number() -> None:
    text = "t,mbps,mbps\n0,1,3\n1,2,4\n"
    message = refusal(text, down="mbps")
    assert message == "t.csv:1: column 'mbps' is there twice: give its number, from 0"
    assert steps(table(text, down="2").down)[0] == (0.0, 3.0)


def test_one_bad_run_is_left_out_and_told() -> None:
    text = "run,t,mbps\na,0,1\na,1,2\nb,0,3\nc,0,5\nc,1,6\n"
    found = read_all(Source("t.csv", text.encode()), run="run", down="mbps")
    assert list(found) == ["a", "c"]
    assert found["a"].warnings[0].startswith("1 of 3 runs was left out: line 4: one row without")
    assert found["c"].warnings == ()


Layout = tuple[str, str, str]
"""Delimiter, decimal sign and unit of time."""


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 10**6)), min_size=1, max_size=20),
    st.sampled_from([(",", ".", "s"), (";", ",", "ms"), ("\t", ".", "us"), ("|", ",", "iso")]),
)
def test_every_layout_of_the_same_rows_is_the_same_trace(
    rows: list[tuple[int, int]], layout: Layout
) -> None:
    delimiter, decimal, unit = layout
    ends_s = list(accumulate(seconds for seconds, _ in rows))
    starts_s = [0, *ends_s]
    lines = [
        delimiter.join((_instant(start_s, unit), f"{kbit / 1000:.3f}".replace(".", decimal)))
        for start_s, (_, kbit) in zip(starts_s, [*rows, (0, 5)], strict=True)
    ]
    text = "\n".join([f"time{delimiter}mbps", *lines]) + "\n"
    options = {} if unit == "iso" else {"time_unit": unit}
    found = table(text, down="mbps", decimal=decimal, max_gap_s=100, **options)
    last_s = rows[-1][0]
    expected = [kbit * 125.0 * seconds for seconds, kbit in [*rows, (last_s, 5)]]
    assert found.down is not None
    np.testing.assert_allclose(found.down.edges_s, [*starts_s, ends_s[-1] + last_s], atol=1e-9)
    np.testing.assert_allclose(found.down.amounts, expected, rtol=1e-9, atol=1e-6)


def _instant(t_s: int, unit: str) -> str:
    if unit == "iso":
        return f"2024-02-29T23:59:{t_s:02d}+01:00" if t_s < 60 else _next_day(t_s - 60)
    return str(t_s * {"s": 1, "ms": 1000, "us": 10**6}[unit])


def _next_day(t_s: int) -> str:
    return f"2024-03-01T00:{t_s // 60:02d}:{t_s % 60:02d}+01:00"


@pytest.mark.parametrize("options", [{}, {"decimal": ","}])
def test_a_point_beside_decimal_commas_is_refused(options: dict[str, str]) -> None:
    rule = "has a point where the decimal sign is a comma, got {}: thousands? take them out"
    text = "t;kbps\n0;987,5\n1;1.234\n2;1.102\n3;999,25\n"
    assert refusal(text, down="kbps", **options) == f"t.csv:3: kbps {rule.format('1.234')}"
    in_times = "Zeit (s);kbps\n0,0;12.500\n0,5;13.100\n"
    message = refusal(in_times, time="Zeit (s)", down="kbps", **options)
    assert message == f"t.csv:2: kbps {rule.format('12.500')}"
    stamps = "t;kbps\n2024-01-01 10:00:00.5;1,5\n2024-01-01 10:00:01.5;2,5\n"
    assert steps(table(stamps, down="kbps", **options).down)[-1] == (2.0, -1.0)


def test_the_decimal_sign_is_that_of_all_runs() -> None:
    text = "run;t;kbps\na;0;987,5\na;1;999,25\nb;0;1.234\nb;1;1.102\n"
    with pytest.raises(TraceError, match=r"t\.csv:4: kbps has a point where the decimal sign"):
        read_all(Source("t.csv", text.encode()), run="run", down="kbps")
