"""The activation cache: whole files only, filled once, shared by processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from learner import activations as module
from learner.activations import Activations
from learner.backbone import load_backbone
from learner.tokens import tokenize

TEXTS = [" ".join(f"w{(i * j) % 30}" for j in range(1 + i % 7)) for i in range(40)]


def activations(model_dir: Path, directory: Path) -> Activations:
    return Activations(
        directory=directory,
        backbone=load_backbone(model_dir, torch.device("cpu")),
        tokens=tokenize(TEXTS, model_dir, 8),
        device=torch.device("cpu"),
    )


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


FILL = """
import sys, torch
from pathlib import Path
from learner.activations import Activations
from learner.backbone import load_backbone
from learner.tokens import tokenize
torch.set_num_threads(1)
model_dir, directory = map(Path, sys.argv[1:3])
cpu = torch.device("cpu")
tokens = tokenize(sys.argv[3:], model_dir, 8)
backbone = load_backbone(model_dir, cpu)
Activations(directory=directory, backbone=backbone, tokens=tokens, device=cpu).block(1)
"""


def test_a_layer_alone_holds_what_the_pass_over_all_layers_gives(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = activations(model_dir, tmp_path / "every")
    tokens = every.tokens
    assert every.block(1).shape == (len(tokens.ids), 2, 32)
    assert names(tmp_path / "every") == ["block-0.npy", "block-1.npy", "lock"]
    monkeypatch.setattr(module, "FILL_ALL_BYTES", 0)
    alone = activations(model_dir, tmp_path / "alone")
    assert np.array_equal(alone.block(1), every.block(1))
    assert names(tmp_path / "alone") == ["block-1.npy", "lock"]


def test_what_a_killed_process_left_is_cleared_and_filled_again(
    model_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "block-1.tmp").write_bytes(b"half")
    (tmp_path / "block-7.tmp").write_bytes(b"half")
    assert np.isfinite(activations(model_dir, tmp_path).block(1)).all()
    assert names(tmp_path) == ["block-0.npy", "block-1.npy", "lock"]


def test_two_processes_that_want_it_at_once_make_one_file(model_dir: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FILL, str(model_dir), str(tmp_path / "both"), *TEXTS]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert names(tmp_path / "both") == ["block-0.npy", "block-1.npy", "lock"]
    own = activations(model_dir, tmp_path / "own").block(1)
    assert np.array_equal(activations(model_dir, tmp_path / "both").block(1), own)
