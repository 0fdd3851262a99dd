"""What a step does and holds, counted by hand for each kind of configuration."""

from __future__ import annotations

import numpy as np
import pytest

from learner.encoder.architecture import BERT_BASE, MINILM_L6
from learner.spec import Adapter, Freeze, Full, Lora, TuningConfig
from learner.tuning.payload import payload_bytes
from sim.cost.analytic import AnalyticCostModel, operations
from sim.cost.memory import calibration, estimated_bytes
from sim.cost.step_terms import NAMES, amounts, fit_terms
from sim.cost.table import TableCostModel
from sim.fleet.client import CacheState
from traces.profiles import device_profile

TX2 = device_profile("jetson-tx2")
TOKENS, BATCH = 16, 2
LAYER = BERT_BASE.forward_flops(TOKENS) * BATCH / 12
WORDS = TOKENS * BATCH


@pytest.mark.parametrize(
    ("config", "cache", "forward", "backward", "weights", "layers", "units"),
    [
        (Adapter(depth=0, width=8), "hit", 0, 0, 0, 0, 0),
        (Adapter(depth=3, width=16), "hit", 2, 2, 0, 2, 6),
        (Adapter(depth=3, width=16), "none", 12, 2, 0, 12, 6),
        (Lora(depth=2, rank=4), "hit", 2, 2, 0, 2, 0),
        (Freeze(depth=2), "none", 12, 2, 2, 12, 0),
        (Full(), "none", 12, 12, 12, 12, 0),
    ],
)
def test_the_terms_of_a_step(
    config: TuningConfig,
    cache: CacheState,
    forward: int,
    backward: int,
    weights: int,
    layers: int,
    units: int,
) -> None:
    added = 0.0
    if isinstance(config, Adapter):
        added = 4.0 * 768 * config.width * WORDS * config.depth
    if isinstance(config, Lora):
        added = 8.0 * 768 * 4 * WORDS * 2
    assert amounts(BERT_BASE, config, tokens=TOKENS, batch_size=BATCH, cache=cache) == (
        1.0,
        forward * LAYER + added,
        backward * LAYER + added,
        weights * LAYER + added,
        layers,
        units,
        BERT_BASE.trainable_parameters(config, 20),
    )


def test_a_fit_needs_as_many_steps_as_terms_and_finds_them() -> None:
    terms = np.array([0.5, 1.0, 2.0, 3.0, 4.0, 0.0, 0.25])  # no step has a unit
    steps = np.eye(7) * 3.0 + 1.0
    steps[:, 5] = 0.0
    told = [tuple(row) for row in steps.tolist()]
    found = fit_terms(told, (steps @ terms).tolist())
    assert found.seconds == pytest.approx(tuple(terms))
    assert found.median_error == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(
        ValueError, match=f"{len(NAMES)} measured steps are needed for a fit, got 6"
    ):
        fit_terms(told[:6], [1.0] * 6)


@pytest.mark.parametrize("cache", ["none", "hit"])
def test_operations_of_frozen_layers_are_a_forward_pass_unless_it_is_stored(
    cache: CacheState,
) -> None:
    found = operations(BERT_BASE, Freeze(depth=2), tokens=TOKENS, batch_size=BATCH, cache=cache)
    assert (found.backward, found.weights) == (2 * LAYER, 2 * LAYER)
    assert found.forward == (2 * LAYER if cache == "hit" else 2 * LAYER + 10 * LAYER)


@pytest.mark.parametrize("is_cached", [False, True])
@pytest.mark.parametrize(
    "config", [Adapter(depth=2, width=8), Lora(depth=2, rank=4), Freeze(depth=2)]
)
def test_the_peak_is_runtime_parameters_and_activations(
    config: TuningConfig, is_cached: bool
) -> None:
    runtime_bytes, factor = calibration()
    trained = MINILM_L6.trainable_parameters(config, 47)
    has_add_on = not isinstance(config, Freeze)
    in_memory = 6 * MINILM_L6.layer_parameters + MINILM_L6.embedding_parameters
    if is_cached and has_add_on:
        in_memory = 2 * MINILM_L6.layer_parameters
    in_memory += trained if has_add_on else 0
    layer = 4 * WORDS * (10 * 384 + 2 * 1536)
    expected = runtime_bytes + 4 * in_memory + 12 * trained + factor * 2 * layer
    found = estimated_bytes(
        MINILM_L6,
        config,
        n_labels=47,
        tokens=TOKENS,
        batch_size=BATCH,
        is_cached=is_cached,
    )
    assert found == round(expected)


def test_another_model_than_the_tables_has_estimated_peaks() -> None:
    cost = TableCostModel(
        architecture=MINILM_L6,
        n_labels=47,
        payload="exact",
        tokens=TOKENS,
        batch_size=BATCH,
        is_of_model=False,
    )
    analytic = AnalyticCostModel(
        architecture=MINILM_L6, n_labels=47, tokens=TOKENS, batch_size=BATCH
    )
    config = Adapter(depth=2, width=8)
    sizes = {"n_labels": 47, "tokens": TOKENS, "batch_size": BATCH}
    for cache, is_cached in (("hit", True), ("none", False)):
        expected = estimated_bytes(MINILM_L6, config, is_cached=is_cached, **sizes)
        for one in (cost, analytic):
            assert one.memory_bytes(TX2, config, cache) == expected  # type: ignore[arg-type]
    assert estimated_bytes(MINILM_L6, config, is_cached=True, **sizes) < expected


def test_payloads_have_their_bits() -> None:
    config = Adapter(depth=2, width=8)
    cost = AnalyticCostModel(architecture=MINILM_L6, n_labels=47, tokens=TOKENS, batch_size=BATCH)
    for bits in (32, 8, 4):
        expected = payload_bytes(MINILM_L6, config, 47, bits)  # type: ignore[arg-type]
        assert cost.payload_bytes(config, bits) == expected  # type: ignore[arg-type]
    published = TableCostModel(architecture=BERT_BASE, n_labels=20, payload="published")
    assert isinstance(published.payload_bytes(config, 8), int)
    assert isinstance(published.payload_bytes(config), int)


def test_the_calibration_of_memory_is_that_of_the_published_peaks() -> None:
    runtime_bytes, factor = calibration()
    assert runtime_bytes == pytest.approx(622_730_805.733, rel=1e-9)
    assert factor == pytest.approx(3.88028110458, rel=1e-9)
