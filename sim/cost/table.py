"""The table cost model: published seconds per batch, by device and tuned depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from learner.encoder.architecture import BERT_BASE, Architecture
from learner.spec import UNIT_WIDTH, Adapter, AddOn, Bits, Freeze, Lora, TuningConfig, tuned_depth
from learner.tuning.payload import payload_bytes
from sim.fleet.client import CacheState
from traces.profiles import DeviceProfile, seconds_per_batch

from .memory import estimated_bytes, published_bytes

BYTES_PER_PARAMETER = 4

TABLE_TOKENS, TABLE_BATCH = 256, 4
"""Tokens a text and texts a batch of the published table."""

_PUBLISHED_FULL_BYTES = 109_500_000 * BYTES_PER_PARAMETER
_PUBLISHED_FREEZE_BYTES = tuple(
    round(millions * 1e6) * BYTES_PER_PARAMETER
    for millions in (0.6, 7.7, 14.8, 21.9, 29.0, 36.0, 43.1, 50.2, 57.3, 64.4, 71.5, 78.6, 109.5)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCostModel:
    """A CostModel (sim.cost.protocol) with the seconds of each device's table.

    Depth d of a model with L layers is read in a table of M layers at depth M d / L.
    `latency_scale` multiplies the seconds; for another model than the table's it includes
    flops_ratio. `payload`: the paper's rounded parameter counts (published) or the model's own
    (exact). `is_of_model`: the table was measured with this model, so its memory peaks apply too.
    """

    architecture: Architecture
    n_labels: int
    payload: Literal["published", "exact"]
    latency_scale: float = 1.0
    tokens: int = TABLE_TOKENS
    batch_size: int = TABLE_BATCH
    is_of_model: bool = True

    def compute_s(
        self, device: DeviceProfile, config: TuningConfig, batches: int, cache: CacheState
    ) -> float:
        n_layers = self.architecture.n_layers
        depth = tuned_depth(config, n_layers) * (device.table.n_layers / n_layers)
        if not isinstance(config, AddOn):
            row: Literal["full", "adapter", "adapter_cached"] = "full"
        else:
            row = "adapter_cached" if cache == "hit" else "adapter"  # also for LoRA
        return seconds_per_batch(device, row, depth) * self.latency_scale * batches

    def payload_bytes(self, config: TuningConfig, bits: Bits = 32) -> int:
        # As in the paper's FTQ and LFQ, quantised published payloads have no scales.
        if self.payload == "published":
            return _published_payload_bytes(config) * bits // 32
        return payload_bytes(self.architecture, config, self.n_labels, bits)

    def memory_bytes(self, device: DeviceProfile, config: TuningConfig, cache: CacheState) -> int:
        is_cached = cache == "hit"
        measured = published_bytes(device, config, is_cached) if self.is_of_model else None
        return measured or estimated_bytes(
            self.architecture,
            config,
            n_labels=self.n_labels,
            tokens=self.tokens,
            batch_size=self.batch_size,
            is_cached=is_cached,
        )

    def energy_j(self, device: DeviceProfile, compute_s: float, radio_s: float) -> float:
        return device.compute_w * compute_s + device.radio_w * radio_s


def flops_ratio(architecture: Architecture, tokens: int, batch_size: int) -> float:
    """Forward FLOPs of a batch of this model over those of the table's (BERT-base, 4 x 256)."""
    own = architecture.forward_flops(tokens) * batch_size
    return own / (BERT_BASE.forward_flops(TABLE_TOKENS) * TABLE_BATCH)


def _published_payload_bytes(config: TuningConfig) -> int:
    """Bytes as in the artifact: 12,500 parameters per layer and 8 of width; 20,000 for the head."""
    if isinstance(config, Adapter):
        return 80_000 + 50_000 * config.depth * (config.width // UNIT_WIDTH)
    if isinstance(config, Lora):
        raise ValueError(f"cost.payload must be exact for {config}: no payload was published")
    if isinstance(config, Freeze):
        return _PUBLISHED_FREEZE_BYTES[config.depth]
    return _PUBLISHED_FULL_BYTES
