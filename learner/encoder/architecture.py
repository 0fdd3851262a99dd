"""Sizes of an encoder, read from its config.json: layers, widths, parameter counts, FLOPs.

Needs no torch, so that the cost model can price a model without loading it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from learner.spec import UNIT_WIDTH, Adapter, Freeze, Lora, TuningConfig

from .families import FAMILIES, Family
from .model_config import ModelConfig, read_model_config


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Sizes of a BERT-like encoder.

    `positions` is the number of rows of the position table; a text's first token uses row
    `first_position`. `relative_buckets` is the number of rows of the relative position bias, 0 if
    the encoder has none.
    """

    n_layers: int
    n_heads: int
    hidden: int
    ffn: int
    vocab: int
    positions: int
    token_types: int
    first_position: int = 0
    relative_buckets: int = 0

    @property
    def most_tokens(self) -> int:
        """The largest number of tokens per text that the position table allows."""
        return self.positions - self.first_position

    @property
    def embedding_parameters(self) -> int:
        """Parameters of the word, position and token-type tables, layer norm and relative bias."""
        rows = self.vocab + self.positions + self.token_types + 2
        return rows * self.hidden + self.relative_buckets * self.n_heads

    @property
    def layer_parameters(self) -> int:
        """Parameters of a layer: four attention projections, two feed-forward ones, two norms."""
        attention = 4 * (self.hidden * self.hidden + self.hidden)
        feed_forward = 2 * self.hidden * self.ffn + self.ffn + self.hidden
        return attention + feed_forward + 4 * self.hidden

    @property
    def unit_parameters(self) -> int:
        """Parameters of a bottleneck unit of width 8, with both biases (13,064 at hidden 768)."""
        return 2 * self.hidden * UNIT_WIDTH + UNIT_WIDTH + self.hidden

    def head_parameters(self, n_labels: int) -> int:
        return (self.hidden + 1) * n_labels

    def trainable_parameters(self, config: TuningConfig, n_labels: int) -> int:
        """Number of parameters that a client trains and exchanges, including the head."""
        head = self.head_parameters(n_labels)
        if isinstance(config, Adapter):
            return head + config.depth * (config.width // UNIT_WIDTH) * self.unit_parameters
        if isinstance(config, Lora):  # A and B, of query and value
            return head + config.depth * 4 * self.hidden * config.rank
        if isinstance(config, Freeze):
            return head + config.depth * self.layer_parameters
        return head + self.embedding_parameters + self.n_layers * self.layer_parameters

    def forward_flops(self, tokens: int) -> float:
        """FLOPs (2 x multiply-adds) of the forward pass of one text of `tokens` tokens.

        Projections and feed-forward take 2 x weights x tokens; attention scores and their weighted
        sum take 4 x tokens^2 x hidden. Norms, softmax and biases (below 1 %) are not counted.
        """
        weights = 4 * self.hidden * self.hidden + 2 * self.hidden * self.ffn
        return self.n_layers * (2.0 * weights * tokens + 4.0 * tokens * tokens * self.hidden)


BERT_BASE = Architecture(
    n_layers=12, n_heads=12, hidden=768, ffn=3072, vocab=30522, positions=512, token_types=2
)
"""bert-base-uncased, the model of the published latency table."""

DISTILBERT_BASE = Architecture(
    n_layers=6, n_heads=12, hidden=768, ffn=3072, vocab=30522, positions=512, token_types=0
)
"""distilbert-base-uncased (Sanh et al., 2019), the paper's second model."""

MINILM_L6 = Architecture(
    n_layers=6, n_heads=12, hidden=384, ffn=1536, vocab=30522, positions=512, token_types=2
)
"""all-MiniLM-L6-v2, the default model."""


MPNET_BASE = Architecture(
    n_layers=12,
    n_heads=12,
    hidden=768,
    ffn=3072,
    vocab=30527,
    positions=514,
    token_types=0,
    first_position=2,
    relative_buckets=32,
)
"""all-mpnet-base-v2."""


ROBERTA_LARGE = Architecture(
    n_layers=24,
    n_heads=16,
    hidden=1024,
    ffn=4096,
    vocab=50265,
    positions=514,
    token_types=1,
    first_position=2,
)
"""roberta-large (Liu et al., 2019)."""


def read_architecture(model_dir: Path) -> Architecture:
    """The architecture of a Hugging Face model directory.

    Raises ValueError, with the file's path, if the model type is not supported or if a size is
    missing or not a positive integer.
    """
    config = read_model_config(model_dir)
    family = family_of(config)
    config.choice("position_embedding_type", ("absolute",), default="absolute")
    keys = family.sizes
    n_layers, n_heads = config.count(keys.n_layers), config.count(keys.n_heads)
    hidden = config.count(keys.hidden)
    if hidden % n_heads:
        raise ValueError(
            f"{config.path}: {keys.n_heads} must divide {keys.hidden} {hidden}, got {n_heads}"
        )
    buckets = "relative_attention_num_buckets"
    return Architecture(
        n_layers=n_layers,
        n_heads=n_heads,
        hidden=hidden,
        ffn=config.count(keys.ffn),
        vocab=config.count("vocab_size"),
        positions=config.count("max_position_embeddings"),
        token_types=config.count("type_vocab_size") if family.has_token_types else 0,
        first_position=_first_position(config, family),
        relative_buckets=config.count(buckets, default=32) if family.has_relative_bias else 0,
    )


def family_of(config: ModelConfig) -> Family:
    """The family of the encoder. Raises ValueError if its model type is not supported."""
    return FAMILIES[config.choice("model_type", tuple(FAMILIES))]


def _first_position(config: ModelConfig, family: Family) -> int:
    if family.padding_position is None:
        return 0
    return config.count("pad_token_id", least=0, default=family.padding_position) + 1
