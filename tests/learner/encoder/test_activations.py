"""The cache of activations: complete files only, written once, shared by processes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from learner.encoder import activations as module
from learner.encoder.activations import Activations
from learner.encoder.backbone import load_backbone
from learner.encoder.tokens import tokenize
from learner.store.budget import DEFAULT_LIMIT_BYTES, Budget

TEXTS = [" ".join(f"w{(i * j) % 30}" for j in range(1 + i % 7)) for i in range(40)]
FILLED = ["block-0.blake2b", "block-0.npy", "block-1.blake2b", "block-1.npy", "lock"]


def activations(
    model_dir: Path, directory: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES
) -> Activations:
    return Activations(
        directory=directory,
        backbone=load_backbone(model_dir, torch.device("cpu")),
        tokens=tokenize(TEXTS, model_dir, 8),
        device=torch.device("cpu"),
        budget=Budget([directory], limit_bytes),
    )


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


FILL = """
import sys, torch
from pathlib import Path
from learner.encoder.activations import Activations
from learner.encoder.backbone import load_backbone
from learner.store.budget import Budget
from learner.encoder.tokens import tokenize
torch.set_num_threads(1)
model_dir, directory = map(Path, sys.argv[1:3])
cpu = torch.device("cpu")
tokens = tokenize(sys.argv[3:], model_dir, 8)
backbone = load_backbone(model_dir, cpu)
budget = Budget([directory])
Activations(
    directory=directory, backbone=backbone, tokens=tokens, device=cpu, budget=budget
).block(1)
"""


def test_a_layer_alone_holds_what_the_pass_over_all_layers_gives(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = activations(model_dir, tmp_path / "every")
    tokens = every.tokens
    assert every.block(1).shape == (len(tokens.ids), 2, 32)
    assert names(tmp_path / "every") == FILLED
    monkeypatch.setattr(module, "FILL_ALL_BYTES", 0)
    alone = activations(model_dir, tmp_path / "alone")
    assert np.array_equal(alone.block(1), every.block(1))
    assert names(tmp_path / "alone") == ["block-1.blake2b", "block-1.npy", "lock"]


def test_unfinished_files_of_a_killed_process_are_removed(model_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "block-1.tmp").write_bytes(b"half")
    (tmp_path / "block-7.tmp").write_bytes(b"half")
    assert np.isfinite(activations(model_dir, tmp_path).block(1)).all()
    assert names(tmp_path) == FILLED


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        _flip,
        lambda path: path.write_bytes(path.read_bytes()[:-7]),
        lambda path: path.write_bytes(b""),
        lambda path: path.with_suffix(".blake2b").unlink(),
        lambda path: path.with_suffix(".blake2b").write_bytes(b"\xff"),
    ],
    ids=["flipped", "cut", "empty", "no hash", "damaged hash"],
)
def test_a_damaged_file_is_made_again(
    model_dir: Path, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    written = activations(model_dir, tmp_path).block(1).copy()
    damage(tmp_path / "block-1.npy")
    made_again = tmp_path / "block-0.npy"
    before = made_again.stat().st_ino
    assert np.array_equal(activations(model_dir, tmp_path).block(1), written)
    after = made_again.stat().st_ino
    activations(model_dir, tmp_path).block(1)
    assert before != after == made_again.stat().st_ino  # made once, then sound
    assert names(tmp_path) == FILLED


def test_a_full_disk_names_the_file_and_leaves_nothing(
    model_dir: Path, tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    with full_disk(1000), pytest.raises(OSError, match=r"block-\d") as refused:
        activations(model_dir, tmp_path).block(1)
    assert refused.value.errno == errno.EFBIG
    assert names(tmp_path) == ["lock"]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="no such call here")
def test_disk_space_is_allocated_before_anything_is_written(tmp_path: Path) -> None:
    """With a sparse file, a full disk would kill the process."""
    module._reserve(tmp_path / "file", (1000, 2, 32))
    status = (tmp_path / "file").stat()
    assert status.st_blocks * 512 >= status.st_size > 1000 * 2 * 32 * 4


def test_two_processes_that_need_a_file_at_once_write_it_once(
    model_dir: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", FILL, str(model_dir), str(tmp_path / "both"), *TEXTS]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(300) for process in processes] == [0, 0]
    assert names(tmp_path / "both") == FILLED
    own = activations(model_dir, tmp_path / "own").block(1)
    assert np.array_equal(activations(model_dir, tmp_path / "both").block(1), own)


def test_filling_reports_progress_and_a_full_cache_reports_nothing(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PASS_TOKENS", 32)
    shares: list[float] = []
    watched = replace(activations(model_dir, tmp_path), on_fill=shares.append)
    watched.block(1)
    assert len(shares) > 5
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(set(shares))
    watched.block(0)
    assert shares[-1] == 1.0
    assert shares.count(0.0) == 1


def test_the_least_recently_used_blocks_make_room_and_come_back(
    model_dir: Path, tmp_path: Path
) -> None:
    roomy = activations(model_dir, tmp_path)
    first = np.array(roomy.block(0))
    size_bytes = (tmp_path / "block-0.npy").stat().st_size
    os.utime(tmp_path / "block-0.npy", ns=(1, 1))
    for path in (tmp_path / "block-1.npy", tmp_path / "block-1.blake2b"):
        path.unlink()
    tight = activations(model_dir, tmp_path, limit_bytes=int(1.5 * size_bytes))
    tight.block(1)
    assert names(tmp_path) == ["block-1.blake2b", "block-1.npy", "lock"]
    assert (np.array(tight.block(0)) == first).all()
    assert names(tmp_path) == ["block-0.blake2b", "block-0.npy", "lock"]


def test_a_block_larger_than_the_limit_serves_its_run(model_dir: Path, tmp_path: Path) -> None:
    expected = np.array(activations(model_dir, tmp_path / "roomy").block(1))
    tight = activations(model_dir, tmp_path / "tight", limit_bytes=1000)
    assert (tight.block(1) == expected).all()
    assert names(tmp_path / "tight") == ["lock"]
