"""`fedadapter traces`: files described, plotted and converted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]


def test_traces_are_described_and_a_bad_file_stops_no_other(call: Call, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.down", tmp_path / "bad"
    good.write_text("".join(f"{ms}\n" for ms in range(1, 1001)))
    bad.write_text("no trace\n")
    status, out, _ = call("traces", "info", bad, good, "--json")
    rows = json.loads(out)
    assert status == 2
    assert [row["file"] for row in rows] == [str(bad), str(good)]
    assert rows[0]["error"].startswith(f"{bad}:1: ")
    assert (rows[1]["mean_mbit_per_s"], rows[1]["duration_s"]) == (pytest.approx(12.0), 1.0)
    _, out, err = call("traces", "info", bad, good)
    assert "12 Mbit/s" in out
    assert err.count("\n") == 1


def test_a_long_trace_is_described_in_plain_numbers(call: Call, tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("t,rate\n0,8\n86400,16\n")
    columns = ("time=t", "down=rate", "time_unit=s", "rate_unit=Mbit/s")
    options = [text for column in columns for text in ("--option", column)]
    _, out, _ = call("traces", "info", tmp_path / "day.csv", "--format", "csv", *options)
    assert "172,800 s" in out  # the last rate lasts as long as the one before
    assert "e+" not in out


def test_traces_are_plotted_and_converted(call: Call, tmp_path: Path) -> None:
    trace = tmp_path / "link.down"
    trace.write_text("".join(f"{ms}\n" for ms in range(1, 1001)))
    assert call("traces", "plot", trace, "--out", tmp_path / "figure")[0] == 0
    assert {"figure.png", "figure.svg"} <= {path.name for path in tmp_path.iterdir()}
    converted = tmp_path / "link.json"
    assert call("traces", "convert", trace, "--to", "sabre", "--out", converted)[0] == 0
    assert json.loads(converted.read_text())[0]["bandwidth_kbps"] == 12_000
    status, _, err = call("traces", "convert", trace, "--to", "csv", "--direction", "up")
    assert status == 2
    assert "has no uplink" in err


def test_a_table_is_described_with_its_columns_declared(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "drive.csv"
    table.write_text("t,rate\n0,8\n1,16\n")
    columns = ("time=t", "down=rate", "time_unit=s", "rate_unit=Mbit/s")
    options = [text for column in columns for text in ("--option", column)]
    status, out, _ = call("traces", "info", table, "--format", "csv", *options, "--json")
    assert (status, json.loads(out)[0]["mean_mbit_per_s"]) == (0, pytest.approx(12.0))
    assert call("traces", "info", table, "--option", "time")[2].endswith("form key=value\n")


def test_a_conversion_overwrites_no_file(call: Call, tmp_path: Path) -> None:
    trace, out = tmp_path / "link.down", tmp_path / "link.csv"
    trace.write_text("1\n2\n")
    out.write_text("mine")
    for target in (out, trace):
        status, _, err = call("traces", "convert", trace, "--to", "csv", "--out", target)
        assert status == 2
        assert err == f"fedadapter: {target} exists; --out must name a new file\n"
    assert (out.read_text(), trace.read_text()) == ("mine", "1\n2\n")


def test_a_conversion_tells_the_warnings_of_what_it_reads(call: Call, tmp_path: Path) -> None:
    trace = tmp_path / "rates.txt"
    trace.write_text("1000\n1000\n1000\n")
    status, out, err = call("traces", "convert", trace, "--to", "csv")
    assert (status, out.startswith("start_s,end_s,bytes_per_s\n")) == (0, True)
    assert err.startswith("warning: rates.txt: down: a mean of 0.036 Mbit/s is implausible")


def test_a_folder_passes_over_what_is_no_trace(call: Call, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("These traces were recorded by me.\n")
    (tmp_path / "a.txt").write_text("0 4\n1 5\n2 6\n")
    status, out, err = call("traces", "info", tmp_path)
    assert status == 0
    assert "a.txt" in out
    assert err.startswith(f"passed over: {tmp_path / 'README.md'}: no known trace format")
    rows = json.loads(call("traces", "info", tmp_path, "--json")[1])
    assert [bool(row["passed_over"]) for row in rows] == [True, False]
    assert call("traces", "plot", tmp_path, "--out", tmp_path / "figure")[0] == 0
    (tmp_path / "a.txt").unlink()
    assert call("traces", "info", tmp_path)[0] == 2


def test_runs_have_a_row_and_a_panel_each(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "runs.csv"
    table.write_text("run,rate\n1,8\n1,9\n2,1\n2,2\n")
    columns = ("run=run", "down=rate", "step_s=1", "rate_unit=Mbit/s")
    options = [text for column in columns for text in ("--option", column)]
    status, out, _ = call("traces", "info", table, *options)
    assert status == 0
    assert "runs.csv [1]" in out
    assert "runs.csv [2]" in out
    assert call("traces", "plot", table, *options, "--out", tmp_path / "figure")[0] == 0
    status, _, err = call("traces", "convert", table, "--to", "csv", *options)
    assert status == 2
    assert "choose one with the option only" in err
    assert call("traces", "convert", table, "--to", "csv", *options, "--option", "only=2")[0] == 0


@pytest.mark.parametrize(
    "option",
    [
        *("payload_factor=abc", "rtt_s=-1", "direction=both", "time_unit=3", "delimiter=;;"),
        *("nonsense=1", "down=", "=1", "down"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_2(call: Call, tmp_path: Path, option: str) -> None:
    trace = tmp_path / "link.txt"
    trace.write_text("0 4\n1 5\n2 6\n")
    extra = (
        ("--option", "down=1", "--format", "csv") if "_unit" in option or "del" in option else ()
    )
    status, _, err = call("traces", "info", trace, "--option", option, *extra)
    assert status == 2
    assert err.count("\n") == 1
    assert err.startswith("fedadapter: ")


def test_an_option_is_given_once(call: Call, tmp_path: Path) -> None:
    options = ("--option", "down=1", "--option", "down=2")
    assert call("traces", "info", tmp_path, *options)[2] == (
        "fedadapter: duplicate --option down\n"
    )


def test_a_file_of_two_directions_has_a_row_for_each(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "drive.csv"
    table.write_text("time,down,up\n0,8,1\n1,8,1\n")
    columns = ("time=time", "down=down", "up=up", "rate_unit=Mbit/s")
    options = [text for column in columns for text in ("--option", column)]
    status, out, _ = call("traces", "info", table, *options)
    assert status == 0
    assert "drive.csv, down" in out
    assert "drive.csv, up" in out
