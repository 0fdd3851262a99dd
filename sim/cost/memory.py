"""Peak memory of training, estimated from the model's sizes or read from the published table.

    bytes = o + 4 H + 12 T + k A

H: parameters in memory; with a filled cache, without the frozen layers. T: trained parameters (a
gradient and two moments each). A: bytes of activations kept for the backward pass, which are
4 x tokens x (10 h + 2 f) in each tuned layer, with hidden size h and feed-forward size f. o (the
runtime) and k (what else a layer keeps) are fitted to the published BERT-base peaks (paper, figure
on memory; traces.published).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from learner.encoder.architecture import BERT_BASE, Architecture
from learner.spec import Adapter, AddOn, Freeze, Full, TuningConfig, tuned_depth
from traces import published
from traces.profiles import DeviceProfile, peak_memory_bytes

_BYTES_PER_PARAMETER = 4
_BYTES_PER_TRAINED_PARAMETER = 12


def estimated_bytes(
    architecture: Architecture,
    config: TuningConfig,
    *,
    n_labels: int,
    tokens: int,
    batch_size: int,
    is_cached: bool,
) -> int:
    """Estimated peak bytes of training. `is_cached`: from cached activations."""
    runtime_bytes, factor = calibration()
    fixed, activations = _terms(
        architecture, config, n_labels, tokens * batch_size, is_cached and isinstance(config, AddOn)
    )
    return round(runtime_bytes + fixed + factor * activations)


def published_bytes(device: DeviceProfile, config: TuningConfig, is_cached: bool) -> int | None:
    """The peak in the device's table; None if the table has none for this row."""
    table = device.table
    row: published.Row = "full"
    if isinstance(config, AddOn):
        row = "adapter_cached" if is_cached else "adapter"
    if row not in table.memory_gb:
        return None
    return round(peak_memory_bytes(device, row, tuned_depth(config, table.n_layers)))


@cache
def calibration() -> tuple[float, float]:
    """(o, k): the least-squares fit of the relative residuals over all published peaks."""
    entries = list(_published_entries())
    peaks = np.array([peak for peak, _, _ in entries])
    fixed = np.array([own for _, own, _ in entries])
    terms = np.array([[1.0, activations] for *_, activations in entries]) / peaks[:, None]
    found = np.linalg.lstsq(terms, 1.0 - fixed / peaks, rcond=None)[0]
    return float(found[0]), float(found[1])


def _terms(
    architecture: Architecture,
    config: TuningConfig,
    n_labels: int,
    tokens: int,
    is_cached: bool,
) -> tuple[float, float]:
    """4 H + 12 T, and A. tokens: of a whole batch."""
    depth = tuned_depth(config, architecture.n_layers)
    trained = architecture.trainable_parameters(config, n_labels)
    n_in_memory = depth if is_cached else architecture.n_layers
    in_memory = n_in_memory * architecture.layer_parameters
    if not is_cached:
        in_memory += architecture.embedding_parameters
    if isinstance(config, AddOn):
        in_memory += trained
    layer = _BYTES_PER_PARAMETER * tokens * (10 * architecture.hidden + 2 * architecture.ffn)
    fixed = _BYTES_PER_PARAMETER * in_memory + _BYTES_PER_TRAINED_PARAMETER * trained
    return float(fixed), float(depth * layer)


def _published_entries() -> Iterator[tuple[float, float, float]]:
    """The published peaks in bytes, each with its two terms."""
    table = published.BERT_BASE
    tokens, n_layers = table.tokens * table.batch_size, BERT_BASE.n_layers
    for row, peaks in table.memory_gb.items():
        for depth, peak_gb in enumerate(peaks):
            config: TuningConfig = Adapter(depth=depth, width=8)
            if row == "full":
                config = Full() if depth == n_layers else Freeze(depth=depth)
            terms = _terms(BERT_BASE, config, 0, tokens, row.endswith("cached"))
            yield peak_gb * 1e9, *terms
