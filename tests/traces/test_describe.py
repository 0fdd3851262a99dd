"""The numbers of `traces info`, by hand."""

import json
from pathlib import Path

import pytest

from traces.describe import info, longest_outage_s
from traces.formats import READERS
from traces.load import load_bandwidth


def test_a_bandwidth_file_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("start_s,end_s,bytes_per_s\n0,6,1000000\n6,9,0\n9,10,4000000\n")
    found = info([path])[0]
    assert found["file"] == str(path)
    assert found["format"] == "csv"
    assert (found["duration_s"], found["period_s"], found["longest_outage_s"]) == (10.0, 10.0, 3.0)
    assert found["mean_mbit_per_s"] == pytest.approx(8.0)
    rates = [found[f"p{p}_mbit_per_s"] for p in (5, 50, 95)]
    assert rates == pytest.approx([0.0, 8.0, 21.2])
    assert (found["warnings"], found["error"], list(found["directions"])) == ([], None, ["down"])


def test_an_availability_file_by_hand(tmp_path: Path, native: dict[str, str]) -> None:
    path = tmp_path / "x.json"
    path.write_text(native["fedscale-behaviour"])
    found = info([path])[0]
    assert (found["duration_s"], found["n_devices"], found["share_available"]) == (100.0, 1, 0.2)
    assert (found["longest_outage_s"], found["mean_mbit_per_s"]) == (40.0, None)


def test_a_bad_file_does_not_stop_the_others(tmp_path: Path, native: dict[str, str]) -> None:
    paths = [tmp_path / name for name in ("a.log", "missing.log", "c.log")]
    paths[0].write_text("prose\n")
    paths[2].write_text(native["ghent"])
    found = info(paths)
    assert [one["file"] for one in found] == [str(path) for path in paths]
    assert "no known trace format" in found[0]["error"]
    assert "cannot be read" in found[1]["error"]
    assert (found[2]["error"], found[2]["format"]) == (None, "ghent")
    assert found[0].keys() == found[2].keys()


def test_every_format_has_numbers_that_json_can_hold(
    tmp_path: Path, native: dict[str, str]
) -> None:
    for format, text in native.items():
        (tmp_path / format).write_text(text)
    found = info([tmp_path / format for format in READERS])
    again = json.loads(json.dumps(found, allow_nan=False))
    assert [one["format"] for one in again] == list(READERS)


def test_the_longest_outage_is_below_a_tenth_of_a_megabit(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    rows = ("1 1000 0 0 90000 1000", "2 2000 0 0 12000 1000", "3 4500 0 0 0 2500")
    path.write_text("\n".join([*rows, "4 5500 0 0 13000 1000"]))
    assert longest_outage_s(load_bandwidth(path, "down")) == 3.5
