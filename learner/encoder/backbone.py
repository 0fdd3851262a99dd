"""The encoder's forward pass, in steps that can start inside a block from cached activations.

Each step is a function of a mapping of weights, so that a fine-tuned layer is a replaced entry. All
families use the weight names of BertModel. Dropout is 0. Tests compare the result with that of
transformers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from .architecture import Architecture, family_of, read_architecture
from .checkpoint import read_checkpoint
from .families import Family
from .model_config import read_model_config
from .packing import Groups
from .relative_position import relative_buckets
from .weight_shapes import (
    POSITION_EMBEDDINGS,
    RELATIVE_BIAS,
    TYPE_EMBEDDINGS,
    WORD_EMBEDDINGS,
    block,
    encoder_shapes,
)

Weights = Mapping[str, Tensor]

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """A post-norm encoder. In shape comments, `tokens` counts the tokens of a batch, no padding.

    `weights` are the pre-trained weights in fp32; `frozen` are the same in the number format in
    which the encoder computes.
    """

    architecture: Architecture
    norm_eps: float
    activation: Callable[[Tensor], Tensor]
    weights: Weights
    frozen: Weights

    @property
    def dtype(self) -> torch.dtype:
        return self.frozen[WORD_EMBEDDINGS].dtype

    def embed(self, weights: Weights, ids: Tensor, positions: Tensor) -> Tensor:
        """Embeddings (tokens, hidden) of (tokens,) ids and positions in their text, from 0."""
        x = F.embedding(ids, weights[WORD_EMBEDDINGS])
        rows = positions + self.architecture.first_position
        x = x + F.embedding(rows, weights[POSITION_EMBEDDINGS])
        if self.architecture.token_types:
            x = x + weights[TYPE_EMBEDDINGS][0]
        return self._norm(weights, "embeddings.LayerNorm", x)

    def attend(
        self,
        weights: Weights,
        layer: int,
        x: Tensor,
        texts: Groups,
        added: Mapping[str, Tensor] = MappingProxyType({}),
    ) -> Tensor:
        """The attention half of a block, (tokens, hidden) to (tokens, hidden).

        The result is also the residual input of the feed-forward half. `added` has what LoRA adds
        to the outputs of the projections "query", "key" or "value".
        """
        prefix = f"{block(layer)}attention."
        projected = []
        for part in ("query", "key", "value"):
            rows = _linear(weights, f"{prefix}self.{part}", x)
            rows = rows + added[part] if part in added else rows
            projected.append(_heads(rows, texts, self.architecture.n_heads))
        bias = self._relative_bias(weights, texts.longest)
        query, key, value = projected
        mixed = _attention(query, key, value, texts.mask(), bias)
        joined = texts.unpad(mixed.transpose(1, 2).flatten(2))  # (tokens, hidden)
        return self._norm(
            weights,
            f"{prefix}output.LayerNorm",
            _linear(weights, f"{prefix}output.dense", joined) + x,
        )

    def feed_forward(self, weights: Weights, layer: int, residual: Tensor) -> Tensor:
        """The two feed-forward projections, (tokens, hidden); adapters act on the result."""
        inner = self.activation(_linear(weights, f"{block(layer)}intermediate.dense", residual))
        return _linear(weights, f"{block(layer)}output.dense", inner)

    def close(self, weights: Weights, layer: int, residual: Tensor, fed: Tensor) -> Tensor:
        """The block's output: the layer norm of residual plus feed-forward output (adapted)."""
        return self._norm(weights, f"{block(layer)}output.LayerNorm", fed + residual)

    def _relative_bias(self, weights: Weights, longest: int) -> Tensor | None:
        """The bias of the attention scores, (heads, longest, longest); None if there is none."""
        if not self.architecture.relative_buckets:
            return None
        buckets = relative_buckets(longest, self.architecture.relative_buckets)
        table = weights[RELATIVE_BIAS]  # (buckets, heads)
        return F.embedding(torch.from_numpy(buckets).to(table.device), table).permute(2, 0, 1)

    def _norm(self, weights: Weights, name: str, x: Tensor) -> Tensor:
        gain, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return F.layer_norm(x, gain.shape, gain, bias, self.norm_eps)


def _linear(weights: Weights, name: str, x: Tensor) -> Tensor:
    return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _heads(rows: Tensor, texts: Groups, n_heads: int) -> Tensor:
    """(tokens, hidden) to (texts, heads, longest, hidden / heads)."""
    padded = texts.pad(rows)
    return padded.view(*padded.shape[:2], n_heads, -1).transpose(1, 2)


def _attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, bias: Tensor | None
) -> Tensor:
    """Softmax attention of tensors of shape (texts, heads, longest, hidden / heads).

    Written as plain products: at about 20 tokens per text, forward and backward take two thirds of
    the time of torch's fused kernel on a CPU.
    """
    scores = query @ key.transpose(2, 3) * float(query.shape[-1]) ** -0.5
    if bias is not None:
        scores = scores + bias
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None, None, :], float("-inf"))
    mixed: Tensor = scores.softmax(-1) @ value
    return mixed


def load_backbone(
    model_dir: Path, device: torch.device, dtype: torch.dtype = torch.float32
) -> Backbone:
    """Load the encoder of a Hugging Face model directory, without pooler and task heads.

    It computes in `dtype`. Raises ValueError, with the path, for an unsupported architecture and
    for missing or damaged weights.
    """
    architecture = read_architecture(model_dir)
    config = read_model_config(model_dir)
    family = family_of(config)
    activation = config.choice(family.activation, tuple(_ACTIVATIONS), default="gelu")
    weights = _load_weights(model_dir, family, architecture, device)
    return Backbone(
        architecture=architecture,
        norm_eps=family.norm_eps or config.positive("layer_norm_eps"),
        activation=_ACTIVATIONS[activation],
        weights=weights,
        frozen={name: tensor.to(dtype) for name, tensor in weights.items()},
    )


def _load_weights(
    model_dir: Path, family: Family, architecture: Architecture, device: torch.device
) -> Weights:
    expected = encoder_shapes(architecture)
    found: dict[str, Tensor] = {}
    for path, stored, tensor in read_checkpoint(model_dir, device):
        name = family.our_name(stored)
        if name not in expected:
            continue
        if tensor.shape != expected[name]:
            raise ValueError(
                f"{path}: {stored} must be of shape {expected[name]}, got {tuple(tensor.shape)}"
            )
        found[name] = tensor.float()
    for name in expected:
        if name not in found:
            raise ValueError(f"{model_dir}: the weights must include {family.their_name(name)}")
    return {name: found[name] for name in expected}
