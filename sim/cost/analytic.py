"""Seconds from floating-point operations, at rates calibrated on the published BERT-base rows.

    seconds = factor x (batches x (o + F / r_F + B / r_B + W / r_W))

with F the operations of the forward pass, B those of the gradients with respect to activations, W
those with respect to trained weights, of one batch, and o the overhead of a batch (the head, and
starting the work). o and the three rates are those of a Jetson TX2; a device's factor is its
published seconds over the TX2's.
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

_LARGEST_NORM, _NORM_STEPS = 60.0, 200  # the largest residual has settled to three digits by then


@dataclass(frozen=True, slots=True)
class Operations:
    """Floating-point operations of one batch, as above."""

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
    """What one training step computes: `cache: hit` skips the frozen layers' forward pass.

    A frozen layer below the tuned ones has no backward pass. In a tuned layer the gradient of the
    activations takes as many operations as the forward pass, that of trained weights as many again.
    Serial adapters of total width w add 4 h w a token to the forward pass of each tuned layer,
    LoRA of rank r on query and value 8 h r.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticCostModel:
    """Priced by the model's own operations. A cost model: see sim.cost.table."""

    architecture: Architecture
    n_labels: int
    tokens: int
    batch_size: int

    def compute_s(
        self, device: DeviceProfile, config: TuningConfig, batches: int, cache: CacheState
    ) -> float:
        """Seconds of `batches` training steps on the device at full speed."""
        work = operations(
            self.architecture,
            config,
            tokens=self.tokens,
            batch_size=self.batch_size,
            cache=cache,
        )
        factor = device.factor * device.table.factor  # over the TX2, whatever its own table
        return batches * factor * _priced(work, calibration())

    def payload_bytes(self, config: TuningConfig, bits: Bits = 32) -> int:
        """Bytes of the model's own trained parameters."""
        return payload_bytes(self.architecture, config, self.n_labels, bits)

    def memory_bytes(self, device: DeviceProfile, config: TuningConfig, cache: CacheState) -> int:
        """Peak bytes of training, estimated from the model's sizes: the same on any device."""
        del device
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
    """Seconds of overhead a batch; seconds an operation of each kind (1 / rate)."""

    overhead_s: float
    forward_s: float
    backward_s: float
    weights_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """One entry of the published table beside what the formula says."""

    row: published.Row
    depth: int
    published_s: float
    formula_s: float

    @property
    def relative(self) -> float:
        return self.formula_s / self.published_s - 1.0


@cache
def calibration() -> Calibration:
    """The four numbers whose largest relative residual over the TX2 rows is the least.

    Reweighted least squares in the p-norm, p rising from 2 towards the maximum norm. Least squares
    alone would miss the two smallest entries (a cached head, one cached layer) by more than 10 %.
    """
    entries = list(_entries())
    measured = np.array([seconds for _, _, seconds, _ in entries])
    terms = np.array([[1.0, w.forward, w.backward, w.weights] for *_, w in entries])
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


def residuals() -> list[Residual]:
    """Every entry of the calibration, in the table's order."""
    return [
        Residual(row=row, depth=depth, published_s=s, formula_s=_priced(w, calibration()))
        for row, depth, s, w in _entries()
    ]


def _entries() -> Iterator[tuple[published.Row, int, float, Operations]]:
    """The published BERT-base rows: seconds a batch and the operations behind them."""
    table = published.BERT_BASE
    for row, seconds in table.seconds.items():
        for depth, entry_s in enumerate(seconds):
            is_adapter = row.startswith("adapter")
            config = Adapter(depth=depth, width=8) if is_adapter else Freeze(depth=depth)
            state: CacheState = "hit" if row.endswith("cached") else "none"
            work = operations(
                BERT_BASE, config, tokens=table.tokens, batch_size=table.batch_size, cache=state
            )
            yield row, depth, entry_s, work


def _priced(work: Operations, rates: Calibration) -> float:
    return (
        rates.overhead_s
        + rates.forward_s * work.forward
        + rates.backward_s * work.backward
        + rates.weights_s * work.weights
    )
