"""The encoder as functions of its weights: blocks that can be entered, left and cached halfway.

Weights carry their Hugging Face names, so that a fine-tuned layer is an entry replaced in a
mapping. Dropout is 0 throughout. A test holds the functions to transformers' own forward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from .architecture import Architecture, read_architecture
from .model_config import read_model_config
from .packing import Groups

Weights = Mapping[str, Tensor]

WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """A BERT encoder with mean pooling. `tokens` is the number of real tokens in a batch."""

    architecture: Architecture
    n_heads: int
    norm_eps: float
    activation: Callable[[Tensor], Tensor]
    weights: Weights

    def embed(self, weights: Weights, ids: Tensor, positions: Tensor) -> Tensor:
        """(tokens,) ids and positions -> (tokens, hidden)."""
        x = F.embedding(ids, weights[WORD_EMBEDDINGS])
        x = x + F.embedding(positions, weights["embeddings.position_embeddings.weight"])
        x = x + weights["embeddings.token_type_embeddings.weight"][0]
        return self._norm(weights, "embeddings.LayerNorm", x)

    def attend(self, weights: Weights, layer: int, x: Tensor, texts: Groups) -> Tensor:
        """The attention half of a block, (tokens, hidden) -> the same: also its residual."""
        prefix = f"{block(layer)}attention."
        query, key, value = (
            _heads(_linear(weights, f"{prefix}self.{part}", x), texts, self.n_heads)
            for part in ("query", "key", "value")
        )
        mixed = _attention(
            query, key, value, texts.mask()
        )  # (texts, heads, longest, hidden / heads)
        joined = texts.unpad(mixed.transpose(1, 2).flatten(2))  # (tokens, hidden)
        return self._norm(
            weights,
            f"{prefix}output.LayerNorm",
            _linear(weights, f"{prefix}output.dense", joined) + x,
        )

    def feed_forward(self, weights: Weights, layer: int, residual: Tensor) -> Tensor:
        """The two projections, (tokens, hidden) -> the same; adapters apply to the result."""
        inner = self.activation(_linear(weights, f"{block(layer)}intermediate.dense", residual))
        return _linear(weights, f"{block(layer)}output.dense", inner)

    def close(self, weights: Weights, layer: int, residual: Tensor, fed: Tensor) -> Tensor:
        """The block's output from its residual and its (adapted) feed-forward output."""
        return self._norm(weights, f"{block(layer)}output.LayerNorm", fed + residual)

    def _norm(self, weights: Weights, name: str, x: Tensor) -> Tensor:
        gain, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return F.layer_norm(x, gain.shape, gain, bias, self.norm_eps)


def block(layer: int) -> str:
    """The prefix of a layer's weights; layer 0 is the lowest."""
    return f"encoder.layer.{layer}."


def _linear(weights: Weights, name: str, x: Tensor) -> Tensor:
    return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _heads(rows: Tensor, texts: Groups, n_heads: int) -> Tensor:
    """(tokens, hidden) -> (texts, heads, longest, hidden / heads)."""
    padded = texts.pad(rows)
    return padded.view(*padded.shape[:2], n_heads, -1).transpose(1, 2)


def _attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax attention in plain products: at some 20 tokens a text, forward and backward take
    two thirds of the fused kernel's time on a CPU."""
    scores = query @ key.transpose(2, 3) * float(query.shape[-1]) ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None, None, :], float("-inf"))
    mixed: Tensor = scores.softmax(-1) @ value
    return mixed


def load_backbone(model_dir: Path, device: torch.device) -> Backbone:
    """The encoder of a Hugging Face model directory, in fp32; pooler and task heads are left out.

    Raises ValueError, naming the file, for an unknown architecture and for missing or damaged
    weights.
    """
    architecture = read_architecture(model_dir)
    config = read_model_config(model_dir)
    n_heads = config.count("num_attention_heads")
    if architecture.hidden % n_heads:
        raise ValueError(
            f"{config.path}: num_attention_heads must divide hidden_size "
            f"{architecture.hidden}, got {n_heads}"
        )
    activation = config.choice("hidden_act", tuple(_ACTIVATIONS), default="gelu")
    return Backbone(
        architecture=architecture,
        n_heads=n_heads,
        norm_eps=config.positive("layer_norm_eps"),
        activation=_ACTIVATIONS[activation],
        weights=_load_weights(model_dir / "model.safetensors", architecture, device),
    )


def _load_weights(path: Path, architecture: Architecture, device: torch.device) -> Weights:
    """Embeddings and layers under the names of BertModel; older files say gamma and beta."""
    if not path.exists():
        raise ValueError(f"{path}: no such file; weights must be in this one safetensors file")
    try:
        tensors = load_file(path, device=str(device))
    except SafetensorError as error:
        raise ValueError(f"{path}: must be a whole safetensors file: {error}") from None
    weights = {}
    for stored, tensor in tensors.items():
        name = stored.removeprefix("bert.")
        name = name.replace("LayerNorm.gamma", "LayerNorm.weight")
        name = name.replace("LayerNorm.beta", "LayerNorm.bias")
        if name.startswith(("embeddings.", "encoder.")) and tensor.is_floating_point():
            weights[name] = tensor.float()
    found = sum(tensor.numel() for tensor in weights.values())
    expected = architecture.embedding_parameters + (
        architecture.n_layers * architecture.layer_parameters
    )
    if found != expected:
        raise ValueError(f"{path}: an encoder of {expected} weights expected, got {found}")
    return weights
