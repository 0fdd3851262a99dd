"""The analytic cost model: its calibration, and how time depends on the work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from learner.encoder.architecture import BERT_BASE, MINILM_L6
from learner.spec import Adapter, Freeze, Full, Lora, TuningConfig
from sim.cost.analytic import AnalyticCostModel, calibration, operations
from sim.fleet.client import CacheState
from traces import published
from traces.profiles import device_profile

TX2, PI = device_profile("jetson-tx2"), device_profile("raspberry-pi-4b")
DOC = Path(__file__).parents[3] / "docs/cost-model.md"


def cost_of(tokens: int = 256, batch_size: int = 4) -> AnalyticCostModel:
    return AnalyticCostModel(
        architecture=BERT_BASE, n_labels=20, tokens=tokens, batch_size=batch_size
    )


def entries() -> Iterator[tuple[str, int, float, float]]:
    """Row, depth, published seconds and the model's seconds of every published entry."""
    for row, seconds in published.BERT_BASE.seconds.items():
        for depth, published_s in enumerate(seconds):
            is_adapter = row.startswith("adapter")
            config = Adapter(depth=depth, width=8) if is_adapter else Freeze(depth=depth)
            cache: CacheState = "hit" if row.endswith("cached") else "none"
            yield row, depth, published_s, cost_of().compute_s(TX2, config, 1, cache)


def test_every_entry_of_the_published_table_is_met_within_10_percent() -> None:
    residuals = [abs(own_s / published_s - 1) for _, _, published_s, own_s in entries()]
    assert len(residuals) == 39
    assert max(residuals) <= 0.10


def test_the_table_in_the_documentation_has_these_entries() -> None:
    text = DOC.read_text(encoding="utf-8")
    for row, depth, published_s, own_s in entries():
        residual = 100 * (own_s / published_s - 1)
        assert f"| {row} | {depth} | {published_s:g} | {own_s:.4f} | {residual:+.1f} |" in text


def test_every_rate_is_below_the_peak_of_the_tx2() -> None:
    rates = calibration()  # 256 cores x 2 operations x 1.3 GHz
    assert all(1 / s < 666e9 for s in (rates.forward_s, rates.backward_s, rates.weights_s))


def test_operations_are_those_computed_by_hand() -> None:
    layer = BERT_BASE.forward_flops(256) * 4 / 12
    adapter = 4 * 768 * 16 * 256 * 4
    freeze = operations(BERT_BASE, Freeze(depth=3), tokens=256, batch_size=4, cache="none")
    assert (freeze.forward, freeze.backward, freeze.weights) == pytest.approx(
        (12 * layer, 3 * layer, 3 * layer)
    )
    config = Adapter(depth=2, width=16)
    hit = operations(BERT_BASE, config, tokens=256, batch_size=4, cache="hit")
    assert (hit.forward, hit.backward, hit.weights) == pytest.approx(
        (2 * (layer + adapter), 2 * (layer + adapter), 2 * adapter)
    )
    low_rank = operations(
        BERT_BASE, Lora(depth=2, rank=4), tokens=256, batch_size=4, cache="hit"
    )  # two projections, through A and B: 2 x (2 h r + 2 r h) operations a token
    product = 2 * (2 * 768 * 4 + 2 * 4 * 768) * 256 * 4
    assert (low_rank.forward, low_rank.backward, low_rank.weights) == pytest.approx(
        (2 * (layer + product), 2 * (layer + product), 2 * product)
    )


def test_a_fill_costs_the_frozen_forward_pass_on_top_of_a_hit() -> None:
    config, layer = Adapter(depth=2, width=8), BERT_BASE.forward_flops(256) * 4 / 12
    hit, fill = (cost_of().compute_s(TX2, config, 1, state) for state in ("hit", "fill"))
    assert fill - hit == pytest.approx(10 * layer * calibration().forward_s)
    assert fill == cost_of().compute_s(TX2, config, 1, "none")


def test_more_layers_width_tokens_or_texts_take_longer() -> None:
    def seconds(config: TuningConfig, tokens: int = 256, batch_size: int = 4) -> float:
        return cost_of(tokens, batch_size).compute_s(TX2, config, 1, "none")

    base = seconds(Adapter(depth=2, width=8))
    assert seconds(Adapter(depth=3, width=8)) > base
    assert seconds(Adapter(depth=2, width=64)) > base
    assert seconds(Freeze(depth=2)) > base
    assert seconds(Full()) > seconds(Freeze(depth=11))
    assert seconds(Adapter(depth=2, width=8), tokens=128) < base
    assert seconds(Adapter(depth=2, width=8), batch_size=2) < base


def test_seconds_are_proportional_to_the_devices_factor_and_to_the_batches() -> None:
    config = Adapter(depth=2, width=8)
    one = cost_of().compute_s(TX2, config, 1, "hit")
    assert cost_of().compute_s(PI, config, 7, "hit") == pytest.approx(20 * 7 * one)


def test_a_device_with_another_table_has_the_same_seconds() -> None:
    config = Adapter(depth=2, width=8)
    other = device_profile("raspberry-pi-4b", model="distilbert")
    assert cost_of().compute_s(other, config, 1, "hit") == pytest.approx(
        cost_of().compute_s(PI, config, 1, "hit")
    )


def test_bytes_are_by_the_models_own_parameters() -> None:
    cost = AnalyticCostModel(architecture=MINILM_L6, n_labels=47, tokens=32, batch_size=4)
    assert cost.payload_bytes(Adapter(depth=1, width=8)) == 98_524


def test_energy_is_watts_by_seconds_of_computing_and_of_the_radio() -> None:
    device = replace(TX2, compute_w=7.0, radio_w=2.0)
    assert cost_of().energy_j(device, 3.0, 5.0) == 31.0
