"""LoRA: a trained low-rank product is added to the query and value projections.

    W x  becomes  W x + (alpha / rank) B A x,   A: (rank, hidden), B: (hidden, rank)

As in most experiments of Hu et al. (ICLR 2022), only query and value are adapted. B starts at
zero, so that a new product has no effect. Tensors in a batch have one product per client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from learner.spec import Lora

from .head import INIT_STD

if TYPE_CHECKING:
    from torch import Tensor

PARTS = ("query", "value")


def product_name(layer: int, part: str) -> str:
    """Name prefix of a product's two tensors; layer 0 is the lowest."""
    return f"param.lora.{layer}.{part}."


def product_shapes(config: Lora, n_layers: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes: A is (rank, hidden), B is (hidden, rank)."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(n_layers - config.depth, n_layers):
        for part in PARTS:
            name = product_name(layer, part)
            shapes |= {f"{name}A": (config.rank, hidden), f"{name}B": (hidden, config.rank)}
    return shapes


def initial_products(config: Lora, n_layers: int, hidden: int, seed: int) -> dict[str, np.ndarray]:
    """Initial products: A from N(0, 0.02), each row drawn from (seed, layer, part, row); B zero.

    So a state that grew to a configuration and one initialised with it have the same new rows. The
    LoRA paper uses a Gaussian, too; its code (microsoft/LoRA) a uniform distribution.
    """
    products: dict[str, np.ndarray] = {}
    for layer in range(n_layers - config.depth, n_layers):
        for i, part in enumerate(PARTS):
            name = product_name(layer, part)
            rows = [
                np.random.default_rng([seed, 2, layer, i, row]).normal(0.0, INIT_STD, hidden)
                for row in range(config.rank)
            ]
            products[f"{name}A"] = np.stack(rows).astype(np.float32)
            products[f"{name}B"] = np.zeros((hidden, config.rank), np.float32)
    return products


def has_products(params: Mapping[str, Tensor], layer: int) -> bool:
    """Whether the layer has low-rank products."""
    return product_name(layer, PARTS[0]) + "A" in params


def through_products(
    params: Mapping[str, Tensor], layer: int, scale: float, x: Tensor
) -> dict[str, Tensor]:
    """scale x B A x for query and value, (clients, tokens, hidden), each client with its own."""
    added = {}
    for part in PARTS:
        name = product_name(layer, part)
        inner = x @ params[f"{name}A"].transpose(1, 2)  # (clients, tokens, rank)
        added[part] = inner @ params[f"{name}B"].transpose(1, 2) * scale
    return added
