"""DistilBERT (Sanh et al., 2019): BERT without token types, with other weight names."""

from .family import Family, SizeKeys

DISTILBERT = Family(
    model_types=("distilbert",),
    prefix="distilbert.",
    renames=(
        ("transformer.layer.", "encoder.layer."),
        (".attention.q_lin.", ".attention.self.query."),
        (".attention.k_lin.", ".attention.self.key."),
        (".attention.v_lin.", ".attention.self.value."),
        (".attention.out_lin.", ".attention.output.dense."),
        (".sa_layer_norm.", ".attention.output.LayerNorm."),
        (".ffn.lin1.", ".intermediate.dense."),
        (".ffn.lin2.", ".output.dense."),
        (".output_layer_norm.", ".output.LayerNorm."),
    ),
    sizes=SizeKeys(n_layers="n_layers", n_heads="n_heads", hidden="dim", ffn="hidden_dim"),
    activation="activation",
    norm_eps=1e-12,
    has_token_types=False,
)
