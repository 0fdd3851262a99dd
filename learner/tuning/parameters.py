"""Which tensors a configuration trains and exchanges, their first values, and how they grow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from learner.encoder.architecture import Architecture
from learner.encoder.weight_shapes import Shapes, embedding_shapes, layer_shapes
from learner.spec import Adapter, Full, Lora, NewWeights, TuningConfig, tuned_depth

from .adapter import initial_units, unit_shapes
from .head import head_shapes, initial_head
from .lora import initial_products, product_shapes

if TYPE_CHECKING:
    from learner.encoder.backbone import Backbone

BACKBONE = "param.backbone."
"""Prefix of fine-tuned weights of the encoder itself; the name of BertModel follows."""

MOMENT, SQUARES = "server.m.", "server.v."
"""Prefixes of the server optimiser's slots; the parameter's name without `param.` follows."""


def slot_name(kind: str, name: str) -> str:
    """The name of a parameter's slot."""
    return kind + name.removeprefix("param.")


def trainables(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What clients train and exchange: a state without the server's slots."""
    return {name: value for name, value in state.items() if name.startswith("param.")}


def parameter_shapes(config: TuningConfig, architecture: Architecture, n_labels: int) -> Shapes:
    """Names and shapes of all that is trained, head included, without any weights.

    Raises ValueError for more depth than the encoder has layers.
    """
    n_layers, hidden = architecture.n_layers, architecture.hidden
    if tuned_depth(config, n_layers) > n_layers:
        raise ValueError(f"depth must be at most {n_layers}, got {tuned_depth(config, n_layers)}")
    head = head_shapes(n_labels, hidden)
    if isinstance(config, Adapter):
        return head | unit_shapes(config, n_layers, hidden)
    if isinstance(config, Lora):
        return head | product_shapes(config, n_layers, hidden)
    tuned = embedding_shapes(architecture) if isinstance(config, Full) else {}
    for layer in range(n_layers - tuned_depth(config, n_layers), n_layers):
        tuned |= layer_shapes(architecture, layer)
    return head | {BACKBONE + name: shape for name, shape in tuned.items()}


def initial_parameters(
    config: TuningConfig,
    backbone: Backbone,
    n_labels: int,
    seed: int,
    new_weights: NewWeights = "published",
) -> dict[str, np.ndarray]:
    """Head, adapters and products drawn by the seed, fine-tuned layers as pre-trained."""
    shape = backbone.architecture
    names = parameter_shapes(config, shape, n_labels)
    parameters = initial_head(n_labels, shape.hidden, seed)
    if isinstance(config, Adapter):
        return parameters | initial_units(config, shape.n_layers, shape.hidden, seed, new_weights)
    if isinstance(config, Lora):
        return parameters | initial_products(config, shape.n_layers, shape.hidden, seed)
    return parameters | {
        name: backbone.weights[name.removeprefix(BACKBONE)].cpu().numpy()
        for name in names
        if name.startswith(BACKBONE)
    }


def grown(
    parent: Mapping[str, np.ndarray], fresh: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The fresh parameters of a larger configuration with every old weight in its place: a tensor
    that has grown, as LoRA's do with their rank, keeps the old one as its leading part.

    The server's slots of new parameters are zeros. Raises ValueError if the parent has parameters
    for which the larger has no place.
    """
    for name, old in trainables(parent).items():
        if name not in fresh or any(
            a > b for a, b in zip(old.shape, fresh[name].shape, strict=True)
        ):
            raise ValueError(f"adapt only deepens or widens; there is no place for {name}")
    kinds = [kind for kind in (MOMENT, SQUARES) if any(name.startswith(kind) for name in parent)]
    larger = dict(fresh) | {
        slot_name(kind, name): np.zeros_like(value)
        for kind in kinds
        for name, value in fresh.items()
    }
    return {
        name: _with_leading(value, parent[name]) if name in parent else value
        for name, value in larger.items()
    }


def _with_leading(fresh: np.ndarray, old: np.ndarray) -> np.ndarray:
    if old.shape == fresh.shape:
        return old
    larger = fresh.copy()
    larger[tuple(slice(n) for n in old.shape)] = old
    return larger
