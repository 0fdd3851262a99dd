"""Atomic writing: all or nothing, with the permissions of any new file."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from learner.store.atomic_file import write_atomically


@pytest.fixture
def umask_027() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


def tensors(path: Path) -> None:
    save_file({"x": np.zeros(3, np.float32)}, path)


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask_027")
@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX's")
def test_a_file_gets_the_permissions_of_the_umask(tmp_path: Path) -> None:
    for name, write in (("a.json", text("{}")), ("a.safetensors", tensors)):
        write_atomically(tmp_path / name, write)
        assert permissions(tmp_path / name) == 0o640


def test_missing_directories_are_created_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "states" / "ab" / "x.json"
    write_atomically(path, text("new"))
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_reader_during_the_write_finds_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("old")
    found: list[str] = []

    def write(temporary: Path) -> None:
        temporary.write_text("new")
        found.append(path.read_text())

    write_atomically(path, write)
    assert (found, path.read_text()) == (["old"], "new")


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("old")

    def write(temporary: Path) -> None:
        temporary.write_text("ne")
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        write_atomically(path, write)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_an_error_that_names_the_file(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    path = tmp_path / "x.json"
    with full_disk(2), pytest.raises(OSError, match="too large") as refused:
        write_atomically(path, text("longer"))
    assert (refused.value.errno, refused.value.filename) == (errno.EFBIG, str(path))
    assert list(tmp_path.iterdir()) == []
