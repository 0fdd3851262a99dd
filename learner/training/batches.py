"""Batches: the texts of one step, client after client, and where the forward pass starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from learner.encoder.backbone import Backbone
from learner.encoder.packing import Groups
from learner.encoder.tokens import Tokens
from learner.spec import Adapter, Full, TuningConfig

from .targets import Targets


@dataclass(frozen=True, slots=True)
class HalfBlock:
    """Start in a frozen block after its feed-forward; both tensors are (tokens, hidden)."""

    layer: int
    residual: Tensor
    fed: Tensor


@dataclass(frozen=True, slots=True)
class TokenIds:
    """Start at the embeddings; both tensors are (tokens,)."""

    ids: Tensor
    positions: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's input: the tokens and targets of one or more clients, without padding."""

    texts: Groups  # tokens of each text
    client_tokens: Groups  # tokens of each client
    client_targets: Groups  # targets of each client: its texts, in tagging their words
    labels: Tensor  # (targets,) int64
    token_rows: Tensor | None  # (targets,) each target's row of the tokens; None: whole texts
    entry: HalfBlock | TokenIds
    config: TuningConfig


def entry_layer(config: TuningConfig, n_layers: int) -> int | None:
    """The block in which the forward pass starts, after its feed-forward; None: at the embeddings.

    With adapters this is the lowest block that has one. With LoRA or fine-tuned layers, whose
    attention is trained, it is the highest frozen block below them.
    """
    if isinstance(config, Full):
        return None
    if isinstance(config, Adapter):
        return n_layers - max(config.depth, 1)
    return n_layers - config.depth - 1 if config.depth < n_layers else None


class Block(Protocol):
    """Residual and feed-forward output of a frozen layer, by rows of tokens."""

    def __getitem__(self, rows: np.ndarray, /) -> np.ndarray:
        """(tokens, 2, hidden) of the tokens at these rows, which are those of whole texts."""
        ...


class Activations(Protocol):
    """Where the activations of frozen layers come from (learner.encoder.activations)."""

    @property
    def tokens(self) -> Tokens: ...
    @property
    def backbone(self) -> Backbone: ...
    @property
    def device(self) -> torch.device: ...
    def block(self, layer: int) -> Block: ...


class Examples:
    """The tokens, targets and cached activations of a split, from which batches are made."""

    def __init__(self, activations: Activations, targets: Targets) -> None:
        self.tokens = activations.tokens
        self.targets = targets
        self._activations = activations
        self._blocks: dict[int, Block] = {}

    def batch(
        self,
        config: TuningConfig,
        picks: Sequence[np.ndarray],
        word_rows: np.ndarray | None = None,
    ) -> Batch:
        """The batch of each client's picked texts (at least one text per client).

        With `word_rows` (sorted token ids), the ids in the batch are indices into it: the rows of
        a reduced word table.
        """
        texts = np.concatenate(picks)
        device = self._activations.device
        lengths, n_targets = self.tokens.lengths, self.targets.lengths
        rows = self.targets.rows(texts)
        return Batch(
            texts=Groups.of(lengths[texts], device),
            client_tokens=Groups.of(np.array([lengths[pick].sum() for pick in picks]), device),
            client_targets=Groups.of(np.array([n_targets[pick].sum() for pick in picks]), device),
            labels=torch.from_numpy(self.targets.labels[rows]).to(device),
            token_rows=self._token_rows(texts, rows),
            entry=self._entry(config, texts, word_rows),
            config=config,
        )

    def _token_rows(self, texts: np.ndarray, targets: np.ndarray) -> Tensor | None:
        """The row of each target's token among the batch's tokens."""
        if self.targets.token_positions is None:
            return None
        lengths = self.tokens.lengths[texts]
        first_rows = np.repeat(np.cumsum(lengths) - lengths, self.targets.lengths[texts])
        rows = first_rows + self.targets.token_positions[targets]
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

    def _block(self, layer: int) -> Block:
        if layer not in self._blocks:
            self._blocks[layer] = self._activations.block(layer)
        return self._blocks[layer]
