"""Batches of a split: the texts of one step, client after client, and where the forward enters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from learner.encoder.activations import Activations
from learner.encoder.packing import Groups
from learner.spec import Adapter, Full, TuningConfig

from .targets import Units


@dataclass(frozen=True, slots=True)
class HalfBlock:
    """Enter inside a frozen block, behind its feed-forward; both tensors are (tokens, hidden)."""

    layer: int
    residual: Tensor
    fed: Tensor


@dataclass(frozen=True, slots=True)
class TokenIds:
    """Enter at the bottom; both tensors are (tokens,)."""

    ids: Tensor
    positions: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    texts: Groups  # tokens of each text
    client_tokens: Groups  # tokens of each client
    client_units: Groups  # labelled units of each client: its texts, in tagging their words
    labels: Tensor  # (units,) int64
    pieces: Tensor | None  # (units,) rows of the tokens that carry a label; None: whole texts
    entry: HalfBlock | TokenIds
    config: TuningConfig


def entry_layer(config: TuningConfig, n_layers: int) -> int | None:
    """The lowest block with anything trained behind its feed-forward; None: from the tokens.

    An adapter's lowest tuned block is itself entered halfway; below layers whose attention is
    trained, by LoRA or themselves, it is the highest frozen block.
    """
    if isinstance(config, Full):
        return None
    if isinstance(config, Adapter):
        return n_layers - max(config.depth, 1)
    return n_layers - config.depth - 1 if config.depth < n_layers else None


class Examples:
    """A split ready to be trained or scored on."""

    def __init__(self, activations: Activations, units: Units) -> None:
        self.tokens = activations.tokens
        self.units = units
        self._activations = activations
        self._blocks: dict[int, np.ndarray] = {}

    def batch(
        self,
        config: TuningConfig,
        picks: Sequence[np.ndarray],
        word_rows: np.ndarray | None = None,
    ) -> Batch:
        """The batch of each client's picked texts (at least one each).

        With `word_rows`, sorted, token ids are places in it: the rows of a reduced word table.
        """
        texts = np.concatenate(picks)
        device = self._activations.device
        lengths, n_units = self.tokens.lengths, self.units.lengths
        units = self.units.rows(texts)
        return Batch(
            texts=Groups.of(lengths[texts], device),
            client_tokens=Groups.of(np.array([lengths[pick].sum() for pick in picks]), device),
            client_units=Groups.of(np.array([n_units[pick].sum() for pick in picks]), device),
            labels=torch.from_numpy(self.units.labels[units]).to(device),
            pieces=self._pieces(texts, units),
            entry=self._entry(config, texts, word_rows),
            config=config,
        )

    def _pieces(self, texts: np.ndarray, units: np.ndarray) -> Tensor | None:
        """Rows of the batch's tokens at which its units are read."""
        if self.units.pieces is None:
            return None
        lengths = self.tokens.lengths[texts]
        first_rows = np.repeat(np.cumsum(lengths) - lengths, self.units.lengths[texts])
        rows = first_rows + self.units.pieces[units]
        return torch.from_numpy(rows).to(self._activations.device)

    def _entry(
        self, config: TuningConfig, texts: np.ndarray, word_rows: np.ndarray | None
    ) -> HalfBlock | TokenIds:
        device = self._activations.device
        layer = entry_layer(config, self._activations.backbone.architecture.n_layers)
        rows = self.tokens.rows(texts)
        if layer is not None:
            pair = torch.from_numpy(self._block(layer)[rows]).to(device)  # (tokens, 2, hidden)
            return HalfBlock(layer, pair[:, 0], pair[:, 1])
        ids = self.tokens.ids[rows]
        if word_rows is not None:
            ids = np.searchsorted(word_rows, ids)
        positions = self.tokens.positions(texts)
        return TokenIds(torch.from_numpy(ids).to(device), torch.from_numpy(positions).to(device))

    def _block(self, layer: int) -> np.ndarray:
        if layer not in self._blocks:
            self._blocks[layer] = self._activations.block(layer)
        return self._blocks[layer]
