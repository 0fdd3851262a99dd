"""What the frozen bottom of the encoder gives for each token, computed once and kept on disk.

Kept for a block are its residual (the attention half's output) and its feed-forward output.
In an adapter's lowest block only what follows these is trained; their normalised sum is the
input of the block above. So one array serves adapters, frozen layers and the head alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock

from .backbone import Backbone
from .packing import Groups
from .tokens import Tokens

PASS_TOKENS = 1024
"""Tokens of a pass over a whole split: 6 MB per activation of a 1536-wide layer; twice as many
run a fifth slower."""

FILL_ALL_BYTES = 2 * 2**30
"""Up to this size the pass that fills one block's file fills those of all the others with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activations:
    """The blocks of one split as memory maps, (tokens, 2, hidden) fp32 each, without padding.

    `directory` is named by whatever the numbers depend on: model, data, max_tokens, numerics.
    Several processes may share it: the first to want a file makes it while the others wait.
    """

    directory: Path
    backbone: Backbone
    tokens: Tokens
    device: torch.device

    def block(self, layer: int) -> np.ndarray:
        """Residual and feed-forward output of a layer for each token: (tokens, 2, hidden)."""
        path = self._path(layer)
        if not path.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            with FileLock(self.directory / "lock"):
                if not path.exists():
                    self._fill(layer)
        mapped: np.ndarray = np.load(path, mmap_mode="r")
        return mapped

    def _fill(self, layer: int) -> None:
        """Write the layer's file, and all the others where they are small; whole by renaming."""
        shape = self.backbone.architecture
        tensor_shape = (len(self.tokens.ids), 2, shape.hidden)
        all_bytes = 4 * int(np.prod(tensor_shape)) * shape.n_layers
        layers = range(shape.n_layers) if all_bytes <= FILL_ALL_BYTES else [layer]
        # The lock is ours, so what lies here half-written was left by a process that died.
        for left in self.directory.glob("*.tmp"):
            left.unlink()
        temporary = {at: self._path(at).with_suffix(".tmp") for at in layers}
        files = {
            at: np.lib.format.open_memmap(path, "w+", np.float32, tensor_shape)
            for at, path in temporary.items()
        }
        for rows, at, pair in self._passes(max(layers)):
            if at in files:
                files[at][rows] = pair
        for at, file in files.items():
            file.flush()
            temporary[at].replace(self._path(at))

    @torch.inference_mode()
    def _passes(self, highest: int) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
        """Token rows, layer and (tokens, 2, hidden) of each block up to the highest."""
        encoder, weights = self.backbone, self.backbone.weights
        for texts in self.tokens.batches(PASS_TOKENS):
            rows = self.tokens.rows(texts)
            groups = Groups.of(self.tokens.lengths[texts], self.device)
            ids = torch.from_numpy(self.tokens.ids[rows]).to(self.device)
            positions = torch.from_numpy(self.tokens.positions(texts)).to(self.device)
            x = encoder.embed(weights, ids, positions)
            for layer in range(highest + 1):
                residual = encoder.attend(weights, layer, x, groups)
                fed = encoder.feed_forward(weights, layer, residual)
                yield rows, layer, torch.stack((residual, fed), 1).cpu().numpy()
                x = encoder.close(weights, layer, residual, fed)

    def _path(self, layer: int) -> Path:
        return self.directory / f"block-{layer}.npy"
