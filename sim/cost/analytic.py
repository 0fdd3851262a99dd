"""The analytic cost model: training time from floating-point operations (docs/cost-model.md).

    seconds = factor x batches x (o + F / r_F + B / r_B + W / r_W)

F, B, W: operations of one batch for the forward pass, for the gradients of activations, and for the
gradients of trained weights. o: overhead of a batch (the head, starting the work). o and the rates
r are those of a Jetson TX2, fitted to the published BERT-base seconds. factor: the published
seconds of the device over those of the TX2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from learner.encoder.architecture import BERT_BASE, Architecture
from learner.spec import Adapter, AddOn, Bits, Freeze, Lora, TuningConfig, tuned_depth
from learner.tuning.payload import payload_bytes
from sim.fleet.client import CacheState
from traces import published
from traces.profiles import DeviceProfile

from .memory import estimated_bytes

_LARGEST_NORM, _NORM_STEPS = 60.0, 200  # the largest residual has then converged to 3 digits


@dataclass(frozen=True, slots=True)
class Operations:
    """Floating-point operations of one batch: F, B and W of the formula above."""

    forward: float
    backward: float
    weights: float


def operations(
    architecture: Architecture,
    config: TuningConfig,
    *,
    tokens: int,
    batch_size: int,
    cache: CacheState,
) -> Operations:
    """The operations of one training step.

    Frozen layers have no backward pass and, with `cache` "hit", no forward pass. In a tuned layer,
    the gradients of activations and of trained weights each take as many operations as the forward
    pass. For hidden size h and per token, adapters of total width w add 4 h w operations to the
    forward pass of each tuned layer, LoRA of rank r on query and value 8 h r.
    """
    n_layers = architecture.n_layers
    depth = tuned_depth(config, n_layers)
    layer = architecture.forward_flops(tokens) * batch_size / n_layers
    added = 0.0
    if isinstance(config, Adapter):
        added = 4.0 * architecture.hidden * config.width * tokens * batch_size
    if isinstance(config, Lora):
        added = 8.0 * architecture.hidden * config.rank * tokens * batch_size
    tuned = depth * (layer + added)
    frozen = 0.0 if cache == "hit" else (n_layers - depth) * layer
    weights = depth * (added if isinstance(config, AddOn) else layer)
    return Operations(forward=tuned + frozen, backward=tuned, weights=weights)


def tx2_seconds(
    architecture: Architecture,
    config: TuningConfig,
    *,
    tokens: int,
    batch_size: int,
    cache: CacheState,
) -> float:
    """Seconds of one training step on a Jetson TX2, by the formula above."""
    work = operations(architecture, config, tokens=tokens, batch_size=batch_size, cache=cache)
    return _seconds(work, calibration())


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticCostModel:
    """A CostModel (sim.cost.protocol) with the time of the formula above."""

    architecture: Architecture
    n_labels: int
    tokens: int
    batch_size: int

    def compute_s(
        self, device: DeviceProfile, config: TuningConfig, batches: int, cache: CacheState
    ) -> float:
        batch_s = tx2_seconds(
            self.architecture,
            config,
            tokens=self.tokens,
            batch_size=self.batch_size,
            cache=cache,
        )
        factor = device.factor * device.table.factor  # relative to the TX2
        return batches * factor * batch_s

    def payload_bytes(self, config: TuningConfig, bits: Bits = 32) -> int:
        return payload_bytes(self.architecture, config, self.n_labels, bits)

    def memory_bytes(self, device: DeviceProfile, config: TuningConfig, cache: CacheState) -> int:
        del device  # the estimate is the same for all devices
        return estimated_bytes(
            self.architecture,
            config,
            n_labels=self.n_labels,
            tokens=self.tokens,
            batch_size=self.batch_size,
            is_cached=cache == "hit",
        )

    def energy_j(self, device: DeviceProfile, compute_s: float, radio_s: float) -> float:
        return device.compute_w * compute_s + device.radio_w * radio_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The fitted constants: overhead in seconds per batch, and seconds per operation (1 / rate)."""

    overhead_s: float
    forward_s: float
    backward_s: float
    weights_s: float


@cache
def calibration() -> Calibration:
    """The constants that minimise the largest relative residual over the TX2 rows.

    By reweighted least squares in the p-norm, with p rising from 2 towards the maximum norm. Plain
    least squares would miss the two smallest entries (a cached head, one cached layer) by more than
    10 %.
    """
    entries = list(_published_entries())
    measured = np.array([seconds for seconds, _ in entries])
    terms = np.array([[1.0, work.forward, work.backward, work.weights] for _, work in entries])
    scale = terms.max(axis=0)
    relative = terms / scale / measured[:, None]
    found = np.linalg.lstsq(relative, np.ones(len(measured)), rcond=None)[0]
    for p in np.linspace(2.0, _LARGEST_NORM, _NORM_STEPS):
        residual = np.abs(relative @ found - 1.0)
        root = (residual / residual.max()) ** (p / 2 - 1)
        better = np.linalg.lstsq(relative * root[:, None], root, rcond=None)[0]
        found = found + (better - found) / (p - 1.0)
    overhead_s, forward_s, backward_s, weights_s = (found / scale).tolist()
    return Calibration(
        overhead_s=overhead_s,
        forward_s=forward_s,
        backward_s=backward_s,
        weights_s=weights_s,
    )


def _published_entries() -> Iterator[tuple[float, Operations]]:
    """The published BERT-base table: seconds per batch and the operations of that batch."""
    table = published.BERT_BASE
    for row, seconds in table.seconds.items():
        for depth, entry_s in enumerate(seconds):
            is_adapter = row.startswith("adapter")
            config = Adapter(depth=depth, width=8) if is_adapter else Freeze(depth=depth)
            state: CacheState = "hit" if row.endswith("cached") else "none"
            work = operations(
                BERT_BASE, config, tokens=table.tokens, batch_size=table.batch_size, cache=state
            )
            yield entry_s, work


def _seconds(work: Operations, rates: Calibration) -> float:
    return (
        rates.overhead_s
        + rates.forward_s * work.forward
        + rates.backward_s * work.backward
        + rates.weights_s * work.weights
    )
