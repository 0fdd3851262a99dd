"""Names and shapes of an encoder's weights, computed from its architecture. Needs no torch."""

from __future__ import annotations

from .architecture import Architecture

Shapes = dict[str, tuple[int, ...]]

WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
POSITION_EMBEDDINGS = "embeddings.position_embeddings.weight"
TYPE_EMBEDDINGS = "embeddings.token_type_embeddings.weight"
RELATIVE_BIAS = "encoder.relative_attention_bias.weight"


def block(layer: int) -> str:
    """Name prefix of a layer's weights; layer 0 is the lowest."""
    return f"encoder.layer.{layer}."


def encoder_shapes(architecture: Architecture) -> Shapes:
    """All weights of the encoder, by BERT's names, without pooler and task heads."""
    shapes = embedding_shapes(architecture)
    for layer in range(architecture.n_layers):
        shapes |= layer_shapes(architecture, layer)
    return shapes


def embedding_shapes(architecture: Architecture) -> Shapes:
    """The weights outside the layers: embedding tables, their norm, the relative bias."""
    hidden = architecture.hidden
    shapes: Shapes = {
        WORD_EMBEDDINGS: (architecture.vocab, hidden),
        POSITION_EMBEDDINGS: (architecture.positions, hidden),
    }
    if architecture.token_types:
        shapes[TYPE_EMBEDDINGS] = (architecture.token_types, hidden)
    if architecture.relative_buckets:
        shapes[RELATIVE_BIAS] = (architecture.relative_buckets, architecture.n_heads)
    return shapes | _with_bias("embeddings.LayerNorm", (hidden,))


def layer_shapes(architecture: Architecture, layer: int) -> Shapes:
    """The weights of one layer: four attention projections, two feed-forward ones, two norms."""
    hidden, ffn, prefix = architecture.hidden, architecture.ffn, block(layer)
    shapes: Shapes = {}
    for part in ("self.query", "self.key", "self.value", "output.dense"):
        shapes |= _with_bias(f"{prefix}attention.{part}", (hidden, hidden))
    shapes |= _with_bias(f"{prefix}attention.output.LayerNorm", (hidden,))
    shapes |= _with_bias(f"{prefix}intermediate.dense", (ffn, hidden))
    shapes |= _with_bias(f"{prefix}output.dense", (hidden, ffn))
    return shapes | _with_bias(f"{prefix}output.LayerNorm", (hidden,))


def _with_bias(name: str, weight: tuple[int, ...]) -> Shapes:
    return {f"{name}.weight": weight, f"{name}.bias": weight[:1]}
