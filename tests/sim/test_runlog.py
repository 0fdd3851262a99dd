"""Small files appear whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.runlog import write_atomically

LIMITED = """
import resource, sys
from pathlib import Path
from sim.runlog import write_atomically
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
write_atomically(Path(sys.argv[1]), "new" * 100)
"""


def test_what_cannot_be_written_is_named_and_leaves_no_draft(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    for path in (taken, tmp_path / "missing" / "file"):
        with pytest.raises(OSError, match=r"directory") as told:
            write_atomically(path, "text")
        assert told.value.filename == str(path)
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


def test_text_and_bytes_replace_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in ("grün", b"\xff\x00"):
        write_atomically(path, content)
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "file", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode
