"""What the frozen bottom of the encoder gives for each token, computed once and kept on disk.

Kept for a block are its residual (the attention half's output) and its feed-forward output.
In an adapter's lowest block only what follows these is trained; their normalised sum is the
input of the block above. So one array serves adapters, frozen layers and the head alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock

from learner.store.atomic_file import errors_naming
from learner.store.budget import Budget, mark_used
from learner.store.checksum import content_hash, hash_path, is_sound

from .backbone import Backbone
from .packing import Groups
from .tokens import Tokens

PASS_TOKENS = 1024
"""Tokens of a pass over a whole split: 6 MB per activation of a 1536-wide layer; twice as many
run a fifth slower."""

Mapped = np.memmap[Any, np.dtype[np.float32]]

FILL_ALL_BYTES = 2 * 2**30
"""Up to this size the pass that fills one block's file fills those of all the others with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activations:
    """The blocks of one split as memory maps, (tokens, 2, hidden) fp32 each, without padding.

    `directory` is named by whatever the numbers depend on: model, data, max_tokens, numerics.
    Several processes may share it: the first to want a file makes it while the others wait.
    Beside each file lies its hash; a file that does not agree with it is made again.
    """

    directory: Path
    backbone: Backbone
    tokens: Tokens
    device: torch.device
    budget: Budget
    on_fill: Callable[[float], None] = lambda share: None  # 0-1 of the tokens; waiting: 0

    def block(self, layer: int) -> np.ndarray:
        """Residual and feed-forward output of a layer for each token: (tokens, 2, hidden).

        Reads the whole file to check it: open a block once and keep it. Raises OSError, naming
        the file, where the disk is full or refuses.
        """
        path = self._path(layer)
        while True:
            if is_missing := not is_sound(path):
                self._make(layer)
            try:
                mark_used(path)
                mapped: np.ndarray = np.load(path, mmap_mode="r")
            except FileNotFoundError:  # another process made room with it: once more
                continue
            if is_missing:
                self.budget.shrink(self.budget.limit_bytes, last=path)
            return mapped

    def _make(self, layer: int) -> None:
        """Fill the layer's file, unless another process did so while this one waited."""
        self.on_fill(0.0)
        self.directory.mkdir(parents=True, exist_ok=True)
        with FileLock(self.directory / "lock"):
            if not is_sound(self._path(layer)):
                self._path(layer).unlink(missing_ok=True)
                self._fill(layer)

    def _fill(self, layer: int) -> None:
        """Write the layer's file, and all the others where they are small; whole by renaming."""
        shape = self.backbone.architecture
        tensor_shape = (len(self.tokens.ids), 2, shape.hidden)
        all_bytes = 4 * int(np.prod(tensor_shape)) * shape.n_layers
        most_bytes = min(FILL_ALL_BYTES, self.budget.limit_bytes // 2)
        layers = range(shape.n_layers) if all_bytes <= most_bytes else [layer]
        self._clear()
        try:
            files = {at: _reserve(self._temporary(at), tensor_shape) for at in layers}
            for rows, at, pair in self._passes(max(layers)):
                if at in files:
                    files[at][rows] = pair
            for at, file in files.items():
                file.flush()
                self._seal(at)
        finally:
            self._clear()

    def _seal(self, layer: int) -> None:
        """Write the finished file's hash, then rename the file: until then it counts as missing."""
        temporary, path = self._temporary(layer), self._path(layer)
        with errors_naming(path):
            hash_path(path).write_text(content_hash(temporary), encoding="ascii")
        temporary.replace(path)

    def _clear(self) -> None:
        """Remove what is half-written. The lock is ours: so are these, or of a dead process."""
        for left in self.directory.glob("*.tmp"):
            left.unlink()

    @torch.inference_mode()
    def _passes(self, highest: int) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
        """Token rows, layer and (tokens, 2, hidden) of each block up to the highest."""
        encoder, weights = self.backbone, self.backbone.frozen
        n_done = 0
        for texts in self.tokens.batches(PASS_TOKENS):
            rows = self.tokens.rows(texts)
            groups = Groups.of(self.tokens.lengths[texts], self.device)
            ids = torch.from_numpy(self.tokens.ids[rows]).to(self.device)
            positions = torch.from_numpy(self.tokens.positions(texts)).to(self.device)
            x = encoder.embed(weights, ids, positions)
            n_done += len(rows)
            self.on_fill(n_done / len(self.tokens.ids))
            for layer in range(highest + 1):
                residual = encoder.attend(weights, layer, x, groups)
                fed = encoder.feed_forward(weights, layer, residual)
                yield rows, layer, torch.stack((residual, fed), 1).float().cpu().numpy()
                x = encoder.close(weights, layer, residual, fed)

    def _path(self, layer: int) -> Path:
        return self.directory / f"block-{layer}.npy"

    def _temporary(self, layer: int) -> Path:
        return self.directory / f"block-{layer}.tmp"


def _reserve(path: Path, shape: tuple[int, ...]) -> Mapped:
    """A new fp32 file, mapped, with its room on the disk taken.

    Were the file left sparse, a full disk would kill the process at a write to the map.
    """
    with errors_naming(path):
        mapped: Mapped = np.lib.format.open_memmap(path, "w+", np.float32, shape)
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return mapped
