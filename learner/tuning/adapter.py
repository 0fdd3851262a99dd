"""Bottleneck adapters: a serial stack of units of width 8, x -> x + up(relu(down(x))).

They act on a block's feed-forward output, before residual and layer norm: the position of the
paper and of Pfeiffer et al. (2021). Tensors in a batch have one set of units per client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from learner.spec import UNIT_WIDTH, Adapter, NewWeights

from .head import INIT_STD

if TYPE_CHECKING:
    from torch import Tensor


def unit_name(layer: int, unit: int) -> str:
    """Name prefix of a unit's four tensors; layer 0 is the lowest, unit 0 the oldest."""
    return f"param.adapter.{layer}.{unit}."


def unit_shapes(config: Adapter, n_layers: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes; a unit has 2 x 8 x hidden + 8 + hidden parameters."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(n_layers - config.depth, n_layers):
        for unit in range(config.width // UNIT_WIDTH):
            name = unit_name(layer, unit)
            shapes[f"{name}down.weight"] = (UNIT_WIDTH, hidden)
            shapes[f"{name}down.bias"] = (UNIT_WIDTH,)
            shapes[f"{name}up.weight"] = (hidden, UNIT_WIDTH)
            shapes[f"{name}up.bias"] = (hidden,)
    return shapes


def initial_units(
    config: Adapter, n_layers: int, hidden: int, seed: int, new_weights: NewWeights = "published"
) -> dict[str, np.ndarray]:
    """The initial units, each drawn from (seed, layer, unit).

    So a state that grew to a configuration and one initialised with it have the same new units.
    """
    shapes = unit_shapes(config, n_layers, hidden)
    units = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    for layer in range(n_layers - config.depth, n_layers):
        for unit in range(config.width // UNIT_WIDTH):
            name = unit_name(layer, unit)
            generator = np.random.default_rng([seed, 1, layer, unit])
            down = generator.normal(0.0, INIT_STD, (UNIT_WIDTH, hidden))
            up = generator.normal(0.0, INIT_STD, (hidden, UNIT_WIDTH))
            units[f"{name}down.weight"] = down.astype(np.float32)
            if new_weights == "published":
                units[f"{name}up.weight"] = up.astype(np.float32)
    return units


def through_units(params: Mapping[str, Tensor], layer: int, x: Tensor) -> Tensor:
    """Apply the layer's stack to (clients, tokens, hidden), each client with its own units."""
    unit = 0
    while (name := unit_name(layer, unit)) + "up.weight" in params:
        down = params[f"{name}down.weight"].transpose(1, 2)  # (clients, hidden, 8)
        up = params[f"{name}up.weight"].transpose(1, 2)  # (clients, 8, hidden)
        inner = (params[f"{name}down.bias"].unsqueeze(1)).baddbmm(x, down).relu()
        x = x + params[f"{name}up.bias"].unsqueeze(1).baddbmm(inner, up)
        unit += 1
    return x
