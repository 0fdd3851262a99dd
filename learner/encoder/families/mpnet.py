"""MPNet (Song et al., 2020): no token types; one relative position bias for all layers."""

from .family import Family

MPNET = Family(
    model_types=("mpnet",),
    prefix="mpnet.",
    renames=(
        (".attention.attn.q.", ".attention.self.query."),
        (".attention.attn.k.", ".attention.self.key."),
        (".attention.attn.v.", ".attention.self.value."),
        (".attention.attn.o.", ".attention.output.dense."),
        (".attention.LayerNorm.", ".attention.output.LayerNorm."),
    ),
    has_token_types=False,
    has_relative_bias=True,
    padding_position=1,
)
