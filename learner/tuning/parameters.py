"""Which tensors a configuration trains and exchanges, and their first values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from learner.spec import Adapter, Full, TuningConfig

from .adapter import initial_units
from .head import initial_head

if TYPE_CHECKING:
    from learner.backbone import Backbone

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


def initial_parameters(
    config: TuningConfig, backbone: Backbone, n_labels: int, seed: int
) -> dict[str, np.ndarray]:
    """Head and adapters drawn by the seed, fine-tuned layers as pre-trained."""
    shape = backbone.architecture
    if config_depth(config) > shape.n_layers:
        raise ValueError(f"depth must be at most {shape.n_layers}, got {config_depth(config)}")
    parameters = initial_head(n_labels, shape.hidden, seed)
    if isinstance(config, Adapter):
        return parameters | initial_units(config, shape.n_layers, shape.hidden, seed)
    lowest = shape.n_layers - config_depth(config)
    return parameters | {
        BACKBONE + name: tensor.cpu().numpy()
        for name, tensor in backbone.weights.items()
        if isinstance(config, Full) or _layer(name) >= lowest
    }


def grown(
    parent: Mapping[str, np.ndarray], fresh: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The fresh parameters of a larger configuration with every old weight in its place.

    The server's slots of new parameters are zeros. Raises ValueError if the parent has parameters
    for which the larger has no place.
    """
    lost = sorted(set(trainables(parent)) - set(fresh))
    if lost:
        raise ValueError(f"adapt only deepens or widens; there is no place for {lost[0]}")
    kinds = [kind for kind in (MOMENT, SQUARES) if any(name.startswith(kind) for name in parent)]
    larger = dict(fresh) | {
        slot_name(kind, name): np.zeros_like(value)
        for kind in kinds
        for name, value in fresh.items()
    }
    return {name: parent.get(name, value) for name, value in larger.items()}


def config_depth(config: TuningConfig) -> int:
    return 0 if isinstance(config, Full) else config.depth


def _layer(name: str) -> int:
    """The layer that a weight belongs to; -1 for those of none."""
    parts = name.split(".")
    return int(parts[2]) if name.startswith("encoder.layer.") else -1
