"""The forward pass of all tuning kinds: from a batch to logits, with each client's parameters."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from learner.encoder.backbone import Backbone
from learner.spec import Lora
from learner.tuning.adapter import through_units, unit_name
from learner.tuning.head import HEAD, head_logits
from learner.tuning.lora import has_products, through_products
from learner.tuning.parameters import BACKBONE

from .batches import Batch, HalfBlock

Params = Mapping[str, Tensor]
"""Trained tensors with a leading client dimension (1 if layers of the encoder are fine-tuned)."""


def logits(backbone: Backbone, params: Params, batch: Batch) -> Tensor:
    """Logits (targets, labels), each target with the parameters of its client.

    Encoder, adapters and LoRA compute in the backbone's number format; pooling and head in fp32.
    """
    params = {
        name: tensor if name.startswith(HEAD) else tensor.to(backbone.dtype)
        for name, tensor in params.items()
    }
    trained = {
        name.removeprefix(BACKBONE): tensor.squeeze(0)
        for name, tensor in params.items()
        if name.startswith(BACKBONE)
    }
    weights = {**backbone.frozen, **trained}
    entry = batch.entry
    if isinstance(entry, HalfBlock):
        fed = _adapted(params, entry.layer, entry.fed.to(backbone.dtype), batch)
        x = backbone.close(weights, entry.layer, entry.residual.to(backbone.dtype), fed)
        lowest = entry.layer + 1
    else:
        x = backbone.embed(weights, entry.ids, entry.positions)
        lowest = 0
    for layer in range(lowest, backbone.architecture.n_layers):
        added = _low_rank(params, layer, x, batch)
        residual = backbone.attend(weights, layer, x, batch.texts, added)
        fed = backbone.feed_forward(weights, layer, residual)
        x = backbone.close(weights, layer, residual, _adapted(params, layer, fed, batch))
    x = x.float()
    read = batch.texts.means(x) if batch.token_rows is None else x.index_select(0, batch.token_rows)
    features = batch.client_targets.pad(read)  # (clients, most targets, hidden)
    return batch.client_targets.unpad(head_logits(params, features))


def _adapted(params: Params, layer: int, fed: Tensor, batch: Batch) -> Tensor:
    """Apply the layer's adapters, if any, to (tokens, hidden)."""
    if unit_name(layer, 0) + "up.weight" not in params:
        return fed
    return batch.client_tokens.unpad(through_units(params, layer, batch.client_tokens.pad(fed)))


def _low_rank(params: Params, layer: int, x: Tensor, batch: Batch) -> dict[str, Tensor]:
    """What LoRA adds to the layer's query and value projections of x, (tokens, hidden) each."""
    if not isinstance(batch.config, Lora) or not has_products(params, layer):
        return {}
    clients = batch.client_tokens
    added = through_products(params, layer, batch.config.scale, clients.pad(x))
    return {part: clients.unpad(rows) for part, rows in added.items()}
