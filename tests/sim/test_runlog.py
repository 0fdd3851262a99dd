"""The files of a run: rows that a resumed run must repeat, small files written as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from learner.store.claim import claimed_file
from sim.records import DropoutRow
from sim.runlog import ResumeError, RowFile, RunError, write_atomically

LIMITED = """
import resource, sys
from pathlib import Path
from sim.runlog import write_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
write_atomically(Path(sys.argv[1]), "new" * 100)
"""


def test_a_file_that_cannot_be_written_is_named_and_leaves_no_trace(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    for path in (taken, tmp_path / "missing" / "file"):
        with pytest.raises(OSError, match=r"directory") as caught:
            write_atomically(path, "text")
        assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == [taken]


def test_a_full_disk_leaves_the_earlier_content(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    path = tmp_path / "file"
    write_atomically(path, "earlier")
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)],
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
    )
    assert done.stderr.splitlines()[-1].endswith(f"File too large: '{path}'")
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_text_and_bytes_replace_the_earlier_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in ("grün", b"\xff\x00"):
        write_atomically(path, content)
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_what_killed_processes_have_left_is_removed(tmp_path: Path) -> None:
    left, others = tmp_path / f".{'0a' * 16}.tmp", tmp_path / ".draft.tmp"
    for path in (left, others):
        path.touch()
    with claimed_file(tmp_path) as in_use:
        write_atomically(tmp_path / "study.json", "{}")
        assert {path.name for path in tmp_path.iterdir()} == {
            "study.json",
            others.name,
            in_use.name,
        }


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "file", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


ROW = DropoutRow(t_s=1.0, client=3, stage="up", reason="offline")
LINE = b'{"row":"dropout","t_s":1.0,"client":3,"stage":"up","reason":"offline"}\n'


@pytest.mark.parametrize("on_disk", [b"", LINE[:10], LINE, LINE + LINE[:-1], LINE + LINE])
def test_a_resumed_run_completes_the_rows_on_disk(tmp_path: Path, on_disk: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(on_disk)
    file = RowFile(path)
    file.open()
    file.add(ROW)
    file.flush()
    file.add(ROW)
    file.close()
    assert path.read_bytes() == LINE + LINE


@pytest.mark.parametrize(
    ("on_disk", "known"),
    [
        (LINE.replace(b"3", b"4"), '"client":4'),
        (LINE[:-2] + b"\n" + LINE, '"offline"\''),
        (LINE[:10] + b"\xff", '{"row":"dr\ufffd'),
    ],
    ids=["another client", "a line that ends early", "not UTF-8"],
)
def test_a_resumed_run_with_other_rows_is_refused_and_the_file_left_alone(
    tmp_path: Path, on_disk: bytes, known: str
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(on_disk)
    file = RowFile(path)
    file.open()
    file.add(ROW)
    with pytest.raises(ResumeError, match="this run differs from the earlier run") as caught:
        file.flush()
    assert known in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == on_disk


def test_rows_beyond_the_end_of_the_resumed_run_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(LINE + LINE)
    file = RowFile(path)
    file.open()
    file.add(ROW)
    with pytest.raises(ResumeError, match="the file has further rows of an earlier run"):
        file.close()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def swap(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"offline", b"OFFLINE"))


@pytest.mark.parametrize("change", [cut, Path.unlink, swap])
@pytest.mark.parametrize("has_further_rows", [True, False])
def test_a_file_that_others_change_during_the_run_is_noticed(
    tmp_path: Path, change: Callable[[Path], object], has_further_rows: bool
) -> None:
    path = tmp_path / "events.jsonl"
    file = RowFile(path)
    file.open()
    file.add(ROW)
    file.flush()
    change(path)
    if has_further_rows:
        file.add(ROW)
    with pytest.raises(RunError, match=f"{path}: something else has changed or removed this file"):
        file.close()


@pytest.mark.parametrize("change", [cut, Path.unlink])
def test_rows_to_repeat_that_others_remove_meanwhile_are_noticed(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(LINE + LINE)
    file = RowFile(path)
    file.open()
    change(path)
    file.add(ROW)
    file.add(ROW)
    with pytest.raises(RunError, match="something else has changed or removed this file"):
        file.close()


def test_a_file_that_appears_during_the_run_is_noticed(tmp_path: Path) -> None:
    file = RowFile(tmp_path / "events.jsonl")
    file.open()
    (tmp_path / "events.jsonl").write_bytes(LINE)
    file.add(ROW)
    with pytest.raises(RunError, match="something else has changed or removed this file"):
        file.flush()


def test_rows_reach_the_disk_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    file = RowFile(path)
    file.open()
    n_rows = 2 * 2**20 // len(LINE)
    for _ in range(n_rows):
        file.add(ROW)
    assert path.stat().st_size >= 2**20
    file.close()
    assert path.read_bytes() == n_rows * LINE


def test_a_resume_takes_memory_of_one_block(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    n_rows = 10 * 2**20 // len(LINE)
    path.write_bytes(n_rows * LINE)
    file = RowFile(path)
    tracemalloc.start()
    file.open()
    for _ in range(n_rows):
        file.add(ROW)
    digest = file.close()
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert digest == sha256(n_rows * LINE).hexdigest()
    assert peak_bytes < 6 * 2**20


def test_a_full_disk_is_told_with_the_name_of_the_log(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    path = tmp_path / "events.jsonl"
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from sim.records import DropoutRow; from sim.runlog import RowFile\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))\n"
        "file = RowFile(Path(sys.argv[1])); file.open()\n"
        "row = DropoutRow(t_s=1.0, client=3, stage='up', reason='offline')\n"
        "[file.add(row) for _ in range(9)]; file.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.stderr.splitlines()[-1].endswith(f"File too large: '{path}'")
