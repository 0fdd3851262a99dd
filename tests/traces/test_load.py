"""Folders of traces: what is no trace is passed over and said; a broken trace is an error."""

from pathlib import Path

import pytest

from traces.describe import info
from traces.load import find, load_all, load_bandwidth
from traces.recording import BandwidthRecording, TraceError


@pytest.fixture
def folder(tmp_path: Path, native: dict[str, str]) -> Path:
    """Two traces among files that are none."""
    (tmp_path / "b.log").write_text(native["ghent"])
    (tmp_path / "a.txt").write_text(native["pensieve"])
    (tmp_path / "README.md").write_text("These traces were recorded by me.\n")
    (tmp_path / "map.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / ".DS_Store").write_text("x")
    (tmp_path / "older").mkdir()
    return tmp_path


def test_what_is_no_trace_in_a_folder_is_passed_over(folder: Path) -> None:
    found = {one.path.name: one for one in find(folder)}
    assert [name for name, one in found.items() if one.recordings] == ["a.txt", "b.log"]
    passed_over = {name: one.error.rule for name, one in found.items() if one.error}
    assert all(found[name].is_passed_over for name in passed_over)
    assert sorted(passed_over) == [".DS_Store", "README.md", "empty.txt", "map.png", "older"]
    assert passed_over["empty.txt"] == "the file is empty"
    assert passed_over["older"] == "a folder in a folder"
    assert passed_over["README.md"].startswith("no known trace format")


def test_info_tells_what_was_passed_over(folder: Path) -> None:
    rows = {Path(row["file"]).name: row for row in info([folder])}
    assert {name for name, row in rows.items() if row["error"]} == set()
    assert rows["README.md"]["passed_over"].startswith("no known trace format")
    assert (rows["b.log"]["format"], rows["b.log"]["passed_over"]) == ("ghent", None)


def test_a_broken_trace_in_a_folder_is_an_error(folder: Path) -> None:
    (folder / "c.txt").write_text("".join(f"{t} 5\n" for t in (*range(9), 3)))
    broken = [one for one in find(folder) if one.error and not one.is_passed_over]
    assert [str(one.error) for one in broken] == [
        f"{folder / 'c.txt'}:10: time_s must increase, got 3 after 8"
    ]


def test_a_declared_format_passes_over_what_is_not_of_it(folder: Path) -> None:
    (folder / "drive.csv").write_text("t,mbps\n0,1\n1,2\n")
    found = find(folder, down="mbps")
    assert [one.path.name for one in found if one.recordings] == ["drive.csv"]
    assert all(one.is_passed_over for one in found if one.error)
    found = find(folder, "ghent")
    assert [one.path.name for one in found if one.recordings] == ["b.log"]
    assert all(one.is_passed_over for one in found if one.error)


def test_a_folder_without_a_trace_is_an_error(tmp_path: Path) -> None:
    assert str(find(tmp_path)[-1].error) == f"{tmp_path}:1: holds no trace: it is empty"
    (tmp_path / "README").write_text("words\n")
    last = find(tmp_path)[-1]
    assert not last.is_passed_over
    assert "holds no trace: none of its 1 files is a trace: README: no known" in str(last.error)


def test_a_file_that_is_named_is_never_passed_over(folder: Path) -> None:
    (found,) = find(folder / "README.md")
    assert not found.is_passed_over
    assert found.error is not None


def test_runs_of_a_file_are_recordings_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("run,t,dl_mbps\nx,0,1\nx,1,2\nx,2,3\ny,0,3\ny,1,4\n")
    assert list(load_all(path, run="run", down="dl_mbps")) == ["x", "y"]
    rows = info([path], run="run", down="dl_mbps")
    assert [(row["run"], row["mean_mbit_per_s"]) for row in rows] == [("x", 2.0), ("y", 3.5)]
    plain = load_all(tmp_path / "runs.csv", down="dl_mbps", time="t", run="run", only="y")
    assert isinstance(plain["y"], BandwidthRecording)
    with pytest.raises(TraceError, match="must not go back"):
        load_all(path, down="dl_mbps")


def test_a_file_is_an_uplink_by_declaration(tmp_path: Path, native: dict[str, str]) -> None:
    path = tmp_path / "recording.txt"
    path.write_text(native["pensieve"])
    with pytest.raises(TraceError, match="this pensieve file has no uplink"):
        load_bandwidth(path, "up")
    assert load_bandwidth(path, "up", direction="up").total == 1_500_000.0
