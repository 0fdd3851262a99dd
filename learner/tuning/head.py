"""The classifier head: one linear layer on the mean over a text's tokens, or on a word's token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

HEAD = "param.head."
WEIGHT = f"{HEAD}weight"  # (labels, hidden)
BIAS = f"{HEAD}bias"  # (labels,)
INIT_STD = 0.02  # of adapters in the paper, and of the head in BERT


def head_shapes(n_labels: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the head's tensors."""
    return {WEIGHT: (n_labels, hidden), BIAS: (n_labels,)}


def initial_head(n_labels: int, hidden: int, seed: int) -> dict[str, np.ndarray]:
    """Weights from N(0, 0.02), drawn from the seed; biases zero."""
    generator = np.random.default_rng([seed, 0])
    weight = generator.normal(0.0, INIT_STD, (n_labels, hidden)).astype(np.float32)
    return {WEIGHT: weight, BIAS: np.zeros(n_labels, np.float32)}


def head_logits(params: Mapping[str, Tensor], features: Tensor) -> Tensor:
    """(clients, texts, hidden) to (clients, texts, labels), each client with its own head."""
    return features @ params[WEIGHT].transpose(1, 2) + params[BIAS].unsqueeze(1)
