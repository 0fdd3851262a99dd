"""The tensors that a configuration trains and exchanges: names, initial values, growth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
"""Name prefix of fine-tuned weights of the encoder, followed by BertModel's name."""

MOMENT, SQUARES = "server.m.", "server.v."
"""Name prefixes of the server optimiser's slots; the name without `param.` follows."""


def slot_name(kind: str, name: str) -> str:
    """The name of the slot (MOMENT or SQUARES) of a parameter."""
    return kind + name.removeprefix("param.")


def trainables(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The parameters that clients train and exchange: a state without the server's slots."""
    return {name: value for name, value in state.items() if name.startswith("param.")}


def parameter_shapes(config: TuningConfig, architecture: Architecture, n_labels: int) -> Shapes:
    """Names and shapes of all trained parameters, including the head.

    Raises ValueError if the depth exceeds the encoder's layers.
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
    """Initial values: head, adapters and LoRA drawn from the seed, other weights pre-trained."""
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
    """The parent's state grown to the configuration of `fresh`, with all old weights kept.

    New parameters come from `fresh`; the server's slots of new parameters are zero. If a tensor
    is larger than before (LoRA with a higher rank), the old one becomes its leading part. Raises
    ValueError if `fresh` lacks a parameter of the parent or has a smaller one.
    """
    for name, old in trainables(parent).items():
        if name not in fresh or any(
            a > b for a, b in zip(old.shape, fresh[name].shape, strict=True)
        ):
            raise ValueError(f"adapt can only deepen or widen a state; {name} would be lost")
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


def cropped(
    params: Mapping[str, np.ndarray], shapes: Mapping[str, Sequence[int]]
) -> dict[str, np.ndarray]:
    """The part of these parameters with the given names and shapes: of a larger tensor, its
    leading part (LoRA with a smaller rank)."""
    return {name: params[name][tuple(slice(n) for n in shape)] for name, shape in shapes.items()}


def restricted(
    parent: Mapping[str, np.ndarray], shapes: Mapping[str, Sequence[int]]
) -> dict[str, np.ndarray]:
    """The part of a state with parameters of these shapes, and with their server slots."""
    kinds = [kind for kind in (MOMENT, SQUARES) if any(name.startswith(kind) for name in parent)]
    of_slots = {slot_name(kind, name): shape for kind in kinds for name, shape in shapes.items()}
    return cropped(parent, {**shapes, **of_slots})


def _with_leading(fresh: np.ndarray, old: np.ndarray) -> np.ndarray:
    if old.shape == fresh.shape:
        return old
    larger = fresh.copy()
    larger[tuple(slice(n) for n in old.shape)] = old
    return larger
