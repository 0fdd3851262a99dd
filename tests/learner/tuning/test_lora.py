"""LoRA: names, counts, initial values, effect, growth."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from learner.encoder.architecture import BERT_BASE
from learner.graph.recipes import RecipeGraph
from learner.spec import Lora
from learner.tuning.lora import initial_products, through_products
from learner.tuning.parameters import parameter_shapes


def test_bert_base_has_four_matrices_a_layer() -> None:
    shapes = parameter_shapes(Lora(depth=2, rank=8), BERT_BASE, n_labels=20)
    del shapes["param.head.weight"], shapes["param.head.bias"]
    assert shapes == {
        f"param.lora.{layer}.{part}.{matrix}": (8, 768) if matrix == "A" else (768, 8)
        for layer in (10, 11)
        for part in ("query", "value")
        for matrix in "AB"
    }
    assert sum(rows * columns for rows, columns in shapes.values()) == 2 * 24_576  # 4 x 8 x 768


def test_a_fresh_product_has_no_effect_and_its_rows_are_drawn_one_by_one() -> None:
    small, large = (initial_products(Lora(depth=1, rank=r), 12, 768, 3) for r in (4, 6))
    for name, value in large.items():
        if name.endswith("B"):
            assert not value.any()
        else:
            assert np.array_equal(value[:4], small[name])
            assert value.std() == pytest.approx(0.02, rel=0.1)
            assert len(np.unique(value)) == value.size
    query, value = (large[f"param.lora.11.{part}.A"] for part in ("query", "value"))
    assert not np.isclose(query, value).any()


def test_the_product_is_scaled_by_alpha_over_rank() -> None:
    config = Lora(depth=1, rank=2, alpha=6.0)
    a, b = torch.tensor([[[1.0, 0.0], [1.0, 1.0]]]), torch.tensor([[[1.0, 2.0], [0.0, 1.0]]])
    params = {
        f"param.lora.0.{p}.{m}": t for p in ("query", "value") for m, t in (("A", a), ("B", b))
    }
    x = torch.tensor([[[1.0, 2.0]]])  # one client, one token: A x = (1, 3), B A x = (7, 3)
    added = through_products(params, 0, config.scale, x)
    assert set(added) == {"query", "value"}
    assert added["query"].tolist() == [[[21.0, 9.0]]]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"depth": -1, "rank": 4}, "depth must be at least 0, got -1"),
        ({"depth": 1, "rank": 0}, "rank must be at least 1, got 0"),
        ({"depth": 1, "rank": 4, "alpha": 0.0}, "alpha must be above 0, got 0.0"),
        ({"depth": 1, "rank": 4, "alpha": float("nan")}, "alpha must be above 0, got nan"),
    ],
)
def test_impossible_configurations_are_refused(fields: dict[str, float], rule: str) -> None:
    with pytest.raises(ValueError, match=f"^{rule}$"):
        Lora(**fields)  # type: ignore[arg-type]


def test_growth_at_another_scale_is_refused_and_with_rank_keeps_it() -> None:
    graph, config = RecipeGraph("test"), Lora(depth=1, rank=8)
    state = graph.initial(config, 1)
    with pytest.raises(ValueError, match="alpha / rank must stay 2 when LoRA grows, got 16 / 16"):
        graph.adapt(state, Lora(depth=1, rank=16), 1)
    assert config.with_rank(16) == Lora(depth=1, rank=16, alpha=32.0)
    graph.adapt(state, config.with_rank(12), 1)
