"""What has to be known of a kind of encoder to read its checkpoints and run its layers.

All of them are post-norm transformers of BERT's shape. Inside, every weight has BERT's name, so
that nothing beyond this package knows which kind it is. Torch-free.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeKeys:
    """What config.json calls the sizes."""

    n_layers: str = "num_hidden_layers"
    n_heads: str = "num_attention_heads"
    hidden: str = "hidden_size"
    ffn: str = "intermediate_size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of encoder.

    model_types: names in config.json. prefix: what checkpoints with a task head put before the
    encoder's weights. renames: (their part of a weight's name, BERT's). activation: its key in
    config.json. norm_eps: of the layer norms; None: config.json tells. padding_position: padding's
    place where positions count on from it; config.json's pad_token_id goes before.
    """

    model_types: tuple[str, ...]
    prefix: str
    renames: tuple[tuple[str, str], ...] = ()
    sizes: SizeKeys = SizeKeys()
    activation: str = "hidden_act"
    norm_eps: float | None = None
    has_token_types: bool = True
    has_relative_bias: bool = False
    padding_position: int | None = None

    def our_name(self, stored: str) -> str:
        """BERT's name of a weight in a checkpoint; older files say gamma and beta."""
        name = stored.removeprefix(self.prefix)
        for theirs, ours in (*self.renames, *_OLD_NAMES):
            name = name.replace(theirs, ours)
        return name

    def their_name(self, ours: str) -> str:
        """The name that this family's own model gives a weight."""
        for theirs, part in self.renames:
            ours = ours.replace(part, theirs)
        return ours


_OLD_NAMES = (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"))
