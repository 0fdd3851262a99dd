"""Bytes that a client and the server exchange, computed from the architecture."""

from __future__ import annotations

from learner.encoder.architecture import Architecture
from learner.spec import Bits, TuningConfig

from .parameters import parameter_shapes

_FLOAT_BYTES = 4


def payload_bytes(
    architecture: Architecture, config: TuningConfig, n_labels: int, bits: Bits = 32
) -> int:
    """Bytes of all trained parameters in one direction.

    At 32 bits, 4 bytes per parameter. Below, every row of n parameters takes n x bits / 8 bytes,
    rounded up, and 4 bytes for its scale (learner.training.exchange). A vector is one row.
    """
    if bits == 32:
        return _FLOAT_BYTES * architecture.trainable_parameters(config, n_labels)
    return sum(
        (shape[0] if len(shape) == 2 else 1) * (-(-shape[-1] * bits // 8) + _FLOAT_BYTES)
        for shape in parameter_shapes(config, architecture, n_labels).values()
    )
