"""The table cost model: its own entries, and their use for another model."""

from __future__ import annotations

import pytest

from learner.encoder.architecture import BERT_BASE, MINILM_L6
from learner.spec import Adapter, Freeze, Full, Lora, TuningConfig
from sim.cost.table import TableCostModel, flops_ratio
from traces.profiles import device_profile

TX2, PI = device_profile("jetson-tx2"), device_profile("raspberry-pi-4b")
PUBLISHED = TableCostModel(architecture=BERT_BASE, n_labels=20, payload="published")
EXACT = TableCostModel(architecture=BERT_BASE, n_labels=20, payload="exact")


@pytest.mark.parametrize(
    ("config", "cache", "seconds"),
    [
        (Adapter(depth=2, width=8), "hit", 0.18),
        (Adapter(depth=2, width=64), "hit", 0.18),
        (Adapter(depth=2, width=8), "none", 0.63),
        (Adapter(depth=2, width=8), "fill", 0.63),
        (Adapter(depth=0, width=8), "hit", 0.02),
        (Lora(depth=2, rank=8), "hit", 0.18),
        (Lora(depth=2, rank=8), "fill", 0.63),
        (Freeze(depth=6), "none", 1.064),
        (Full(), "none", 1.7),
    ],
)
def test_seconds_are_those_of_the_table(config: TuningConfig, cache: str, seconds: float) -> None:
    assert PUBLISHED.compute_s(TX2, config, 1, cache) == seconds  # type: ignore[arg-type]
    assert PUBLISHED.compute_s(PI, config, 3, cache) == seconds * 20 * 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("config", "n_bytes"),
    [
        (Adapter(depth=0, width=8), 80_000),
        (Adapter(depth=3, width=16), 380_000),
        (Freeze(depth=2), 59_200_000),
        (Full(), 438_000_000),
    ],
)
def test_published_payloads_are_those_of_the_artifact(config: TuningConfig, n_bytes: int) -> None:
    assert PUBLISHED.payload_bytes(config) == n_bytes
    assert PUBLISHED.payload_bytes(config, 8) == n_bytes / 4
    assert PUBLISHED.payload_bytes(config, 4) == n_bytes / 8


def test_published_payloads_of_freezing_are_whole_layers_in_tenths_of_a_million() -> None:
    """0.6 M below the first layer (a pooler), 7,087,872 for each layer of BERT-base, rounded."""
    for depth in range(12):
        tenths = round((0.6 + depth * 7.087872) * 10)
        assert PUBLISHED.payload_bytes(Freeze(depth=depth)) == tenths * 100_000 * 4
    assert PUBLISHED.payload_bytes(Freeze(depth=12)) == PUBLISHED.payload_bytes(Full())


@pytest.mark.parametrize("width", [8, 64])
def test_published_payloads_of_adapters_grow_by_12500_parameters(width: int) -> None:
    for depth in (0, 1, 12):
        expected = 4 * (20_000 + depth * 12_500 * width // 8)
        assert PUBLISHED.payload_bytes(Adapter(depth=depth, width=width)) == expected


def test_exact_payloads_count_every_trained_parameter() -> None:
    head = (768 + 1) * 20
    assert EXACT.payload_bytes(Adapter(depth=3, width=16)) == 4 * (head + 3 * 2 * 13_064)
    assert EXACT.payload_bytes(Full()) == 4 * (head + 108_891_648)  # bert-base without its pooler


def test_exact_payloads_below_32_bits_include_a_scale_for_every_row() -> None:
    head = 20 * (768 + 4) + (20 + 4)
    unit = 8 * (768 + 4) + (8 + 4) + 768 * (8 + 4) + (768 + 4)
    assert EXACT.payload_bytes(Adapter(depth=3, width=16), 8) == head + 3 * 2 * unit
    in_4_bits = EXACT.payload_bytes(Adapter(depth=0, width=8), 4)
    assert in_4_bits == 20 * (768 // 2 + 4) + (20 // 2 + 4)


def test_lora_has_exact_payloads_and_no_published_ones() -> None:
    config = Lora(depth=3, rank=8)
    assert EXACT.payload_bytes(config) == 4 * ((768 + 1) * 20 + 3 * 4 * 8 * 768)
    with pytest.raises(ValueError, match=r"cost.payload must be exact for LoRA \(3, 8\)"):
        PUBLISHED.payload_bytes(config)


def test_the_table_is_read_at_the_same_fraction_of_the_layers() -> None:
    cost = TableCostModel(architecture=MINILM_L6, n_labels=47, payload="exact")
    assert cost.compute_s(TX2, Adapter(depth=3, width=8), 1, "hit") == 0.54  # 6 of 12 layers
    assert cost.compute_s(TX2, Full(), 1, "none") == 1.7


def test_the_flops_ratio_of_the_tables_own_model_is_one() -> None:
    assert flops_ratio(BERT_BASE, 256, 4) == 1.0
    # Half the layers, half the width (a quarter of the weights), an eighth of the tokens.
    assert flops_ratio(MINILM_L6, 32, 4) == pytest.approx(1 / 64, rel=0.06)


def test_energy_is_watts_times_seconds() -> None:
    assert PUBLISHED.energy_j(TX2, 10.0, 5.0) == 12 * 10 + 4 * 5
