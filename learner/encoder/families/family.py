"""Family: how an encoder family's checkpoints and layers differ from BERT's.

All are post-norm transformers with BERT's structure. Weights are renamed to BERT's names when they
are read, so that no code outside this package depends on the family. Needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeKeys:
    """The keys of the sizes in config.json."""

    n_layers: str = "num_hidden_layers"
    n_heads: str = "num_attention_heads"
    hidden: str = "hidden_size"
    ffn: str = "intermediate_size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One encoder family.

    model_types: values of `model_type` in config.json. prefix: name prefix of the encoder's weights
    in checkpoints with a task head. renames: pairs of a part of a weight's name here and in BERT.
    activation: the activation's key in config.json. norm_eps: epsilon of the layer norms; None: it
    is in config.json. padding_position: for families whose positions start after the padding
    token's, the default of config.json's pad_token_id; None: positions start at 0.
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
        """BERT's name for a weight of a checkpoint; old checkpoints use gamma and beta."""
        name = stored.removeprefix(self.prefix)
        for theirs, ours in (*self.renames, *_OLD_NAMES):
            name = name.replace(theirs, ours)
        return name

    def their_name(self, ours: str) -> str:
        """The name of a weight in this family's own model class."""
        for theirs, part in self.renames:
            ours = ours.replace(part, theirs)
        return ours


_OLD_NAMES = (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"))
