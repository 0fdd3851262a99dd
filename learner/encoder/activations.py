"""Cache on disk for the activations of the frozen lower layers, computed once per token.

A block's file has, for each token, the residual (output of the attention half) and the feed-forward
output. Adapters in this block act after both, and the norm of their sum is the input of the next
block. So the same file serves adapters, fine-tuned layers above it, and the head.
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
from learner.store.checksum import checksum, hash_path, is_sound
from learner.store.claim import FOLDER_LOCK, UNFINISHED

from .backbone import Backbone
from .packing import Groups
from .tokens import Tokens

PASS_TOKENS = 1024
"""Tokens per batch in a pass over a whole split: 6 MB per activation of a 1536-wide layer. Twice as
many run 20 % slower."""

Mapped = np.memmap[Any, np.dtype[np.float32]]

FILL_ALL_BYTES = 2 * 2**30
"""If the files of all blocks together are smaller than this, one pass writes all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activations:
    """The activations of one split: one memory map of (tokens, 2, hidden) fp32 per block.

    The name of `directory` must contain a digest of everything that the numbers depend on: model,
    data, max_tokens, numerics. Several processes may share it: one writes a missing file while the
    others wait. Each file has a checksum file; a damaged file is computed again.
    """

    directory: Path
    backbone: Backbone
    tokens: Tokens
    device: torch.device
    budget: Budget
    on_fill: Callable[[float], None] = lambda share: None  # share of tokens done, 0-1; 0: waiting

    def block(self, layer: int) -> np.ndarray:
        """Residual and feed-forward output of a layer for each token: (tokens, 2, hidden).

        Reads the whole file to verify it, so call this once per block. Raises OSError, with the
        file's path, if the disk is full or writing is not allowed.
        """
        path = self._path(layer)
        while True:
            if is_missing := not is_sound(path):
                self._make(layer)
            try:
                mark_used(path)
                mapped: np.ndarray = np.load(path, mmap_mode="r")
            except FileNotFoundError:  # another process removed it to make room: try again
                continue
            if is_missing:
                self.budget.shrink(self.budget.limit_bytes, last=path)
            return mapped

    def _make(self, layer: int) -> None:
        """Write the layer's file, unless another process wrote it while this one waited."""
        self.on_fill(0.0)
        self.directory.mkdir(parents=True, exist_ok=True)
        with FileLock(self.directory / FOLDER_LOCK):
            if not is_sound(self._path(layer)):
                self._path(layer).unlink(missing_ok=True)
                self._fill(layer)

    def _fill(self, layer: int) -> None:
        """Write the layer's file, and those of all other layers if they are small together."""
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
        """Write the checksum file, then give the data file its final name."""
        temporary, path = self._temporary(layer), self._path(layer)
        with errors_naming(path):
            hash_path(path).write_text(checksum(temporary, path), encoding="utf-8")
        temporary.replace(path)

    def _clear(self) -> None:
        """Remove unfinished files. This process holds the lock, so no other one is writing them."""
        for left in self.directory.glob(f"*{UNFINISHED}"):
            left.unlink()

    @torch.inference_mode()
    def _passes(self, highest: int) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
        """For each batch and each layer up to `highest`: token rows, layer, (tokens, 2, hidden)."""
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
        return self.directory / f"block-{layer}{UNFINISHED}"


def _reserve(path: Path, shape: tuple[int, ...]) -> Mapped:
    """A new fp32 file as a memory map, with its disk space allocated.

    With a sparse file, a full disk would kill the process (SIGBUS) when it writes to the map.
    """
    with errors_naming(path):
        mapped: Mapped = np.lib.format.open_memmap(path, "w+", np.float32, shape)
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return mapped
