"""The shape of an encoder, read from its config.json: layers, widths, parameter counts.

Torch-free, so that the cost model can price a model that nobody has loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .model_config import read_model_config
from .spec import UNIT_WIDTH, Adapter, Freeze, TuningConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Sizes of a BERT-like encoder; counts are parameters or neurons."""

    n_layers: int
    hidden: int
    ffn: int
    vocab: int
    positions: int
    token_types: int

    @property
    def embedding_parameters(self) -> int:
        """Word, position and token-type tables and their layer norm."""
        return (self.vocab + self.positions + self.token_types) * self.hidden + 2 * self.hidden

    @property
    def layer_parameters(self) -> int:
        """Four attention projections, two feed-forward ones, two layer norms, all with biases."""
        attention = 4 * (self.hidden * self.hidden + self.hidden)
        feed_forward = 2 * self.hidden * self.ffn + self.ffn + self.hidden
        return attention + feed_forward + 4 * self.hidden

    @property
    def unit_parameters(self) -> int:
        """One bottleneck unit of width 8: down, up and both biases (13,064 at hidden 768)."""
        return 2 * self.hidden * UNIT_WIDTH + UNIT_WIDTH + self.hidden

    def head_parameters(self, n_labels: int) -> int:
        return (self.hidden + 1) * n_labels

    def trainable_parameters(self, config: TuningConfig, n_labels: int) -> int:
        """Parameters that a client trains and exchanges under the config, head included."""
        head = self.head_parameters(n_labels)
        if isinstance(config, Adapter):
            return head + config.depth * (config.width // UNIT_WIDTH) * self.unit_parameters
        if isinstance(config, Freeze):
            return head + config.depth * self.layer_parameters
        return head + self.embedding_parameters + self.n_layers * self.layer_parameters

    def forward_flops(self, tokens: int) -> float:
        """Multiply-adds x 2 of one text of `tokens` tokens through all layers.

        Projections and feed-forward are 2 x weights x tokens; attention scores and their
        weighted sum are 4 x tokens^2 x hidden. Norms, softmax and biases (under 1 %) are left out.
        """
        weights = 4 * self.hidden * self.hidden + 2 * self.hidden * self.ffn
        return self.n_layers * (2.0 * weights * tokens + 4.0 * tokens * tokens * self.hidden)


BERT_BASE = Architecture(
    n_layers=12, hidden=768, ffn=3072, vocab=30522, positions=512, token_types=2
)
"""bert-base-uncased, the model of the published latency table."""

MINILM_L6 = Architecture(
    n_layers=6, hidden=384, ffn=1536, vocab=30522, positions=512, token_types=2
)
"""all-MiniLM-L6-v2, the default model."""

SUPPORTED_MODEL_TYPES = ("bert",)


def read_architecture(model_dir: Path) -> Architecture:
    """The architecture of a Hugging Face model directory.

    Raises ValueError, naming the file, for a model type that cannot be trained here and for a
    size that is missing or no whole number from 1.
    """
    config = read_model_config(model_dir)
    config.choice("model_type", SUPPORTED_MODEL_TYPES)
    return Architecture(
        n_layers=config.count("num_hidden_layers"),
        hidden=config.count("hidden_size"),
        ffn=config.count("intermediate_size"),
        vocab=config.count("vocab_size"),
        positions=config.count("max_position_embeddings"),
        token_types=config.count("type_vocab_size"),
    )
