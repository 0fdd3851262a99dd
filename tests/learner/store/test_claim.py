"""What a killed process left unfinished is removed; what a process still writes is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from learner.spec import StateRef
from learner.store.budget import activations_dir, cache_budget, store_dir
from learner.store.claim import FOLDER_LOCK, claimed_directory, remove_abandoned
from learner.store.inventory import discard_unfinished
from learner.store.store import Store

pytest.importorskip("fcntl")

TAG = "torch-1 cpu fp32"

WRITES = """
import sys
from pathlib import Path
from learner.store.atomic_file import replacement
with replacement(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"0" * 1000)
    print(temporary, flush=True)
    sys.stdin.read()
"""


def write_until_killed(path: Path) -> subprocess.Popen[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", WRITES, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("how", ["verify", "prune", "the next writer"])
def test_the_file_of_a_killed_writer_is_removed(tmp_path: Path, how: str) -> None:
    folder = store_dir(tmp_path) / "states/ab"
    with write_until_killed(folder / "abc.safetensors") as writer:
        assert writer.stdout is not None
        temporary = Path(writer.stdout.readline().strip())
        assert discard_unfinished(tmp_path) == []
        assert temporary.exists()
        writer.kill()
    assert temporary.exists()
    if how == "verify":
        assert discard_unfinished(tmp_path) == [temporary]
    elif how == "prune":
        cache_budget(tmp_path).shrink(10**9)
    else:
        store = Store(store_dir(tmp_path), cache_budget(tmp_path))
        store.add_state(StateRef("1" * 32), TAG, {"x": np.zeros(3, np.float32)}, "{}")
    assert not temporary.exists()


@pytest.mark.parametrize("folder", ["evaluations", "feedback", "losses"])
def test_the_small_files_of_a_killed_writer_are_removed_by_the_next(
    tmp_path: Path, folder: str
) -> None:
    with write_until_killed(store_dir(tmp_path) / folder / "ab/abc.json") as writer:
        assert writer.stdout is not None
        temporary = Path(writer.stdout.readline().strip())
        writer.kill()
    assert temporary.exists()
    store = Store(store_dir(tmp_path), cache_budget(tmp_path))
    store.add_losses(StateRef("1" * 32), "test", TAG, [1.0])
    assert not temporary.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("content")
    (tmp_path / ".x.tmp").symlink_to(target)
    assert remove_abandoned(tmp_path.glob("*.tmp")) == []
    assert target.read_text() == "content"


def test_a_directory_is_held_and_removed_like_a_file(tmp_path: Path) -> None:
    with claimed_directory(tmp_path, ".export-") as draft:
        assert remove_abandoned(tmp_path.glob(".export-*")) == []
        assert draft.is_dir()
    assert not draft.exists()
    draft.mkdir()
    (draft / "weights").write_text("content")
    assert remove_abandoned(tmp_path.glob(".export-*")) == [draft]
    assert not draft.exists()


@pytest.mark.parametrize("is_filling", [True, False])
def test_unfinished_activations_are_left_to_the_process_that_fills_them(
    tmp_path: Path, is_filling: bool
) -> None:
    block = activations_dir(tmp_path) / "a/train/block-0.tmp"
    block.parent.mkdir(parents=True)
    block.write_text("content")
    lock = FileLock(block.with_name(FOLDER_LOCK))
    lock.acquire()
    if not is_filling:
        lock.release()
    assert discard_unfinished(tmp_path) == ([] if is_filling else [block])
    assert block.exists() == is_filling
    lock.release()
